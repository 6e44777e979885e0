"""Who may use the API and the pages: tokens, sign-in links and sessions."""

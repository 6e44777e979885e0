"""Sign-in at an OpenID provider: the authorization code flow of OpenID Connect Core 1.0."""

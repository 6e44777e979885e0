"""Values and rules that all other parts use: addresses, the model, errors, placeholders."""

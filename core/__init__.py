"""The contract that modules import: database, dispatcher, expressions, configuration, identity. It opens nothing at import."""

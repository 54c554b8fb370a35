"""The contract that modules import: database, dispatcher, expressions, configuration. Importing it opens nothing."""

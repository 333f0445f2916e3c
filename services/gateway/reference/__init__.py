"""The API's documents: one OpenAPI file and one page for each audience, merged from those of the services."""

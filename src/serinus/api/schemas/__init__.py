"""What goes over the wire, as pydantic models: the source of the OpenAPI description."""

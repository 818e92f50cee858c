"""The bundled encoder models: what goes into them and what comes out."""

"""The bundled models: folders of weights, each with its model card."""

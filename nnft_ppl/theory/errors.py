"""The error of a model that cannot be read."""


class ModelError(ValueError):
    """A model that cannot be read, or returns something that is not a field; the text says what to change."""

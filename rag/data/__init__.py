"""Reference data that ships with the package."""

from importlib.resources import files


def words(name: str) -> tuple[str, ...]:
    """The words of the list `name`, in order; lines that start with `#` are left out."""
    lines = (files(__name__) / name).read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())

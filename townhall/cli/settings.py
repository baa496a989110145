"""`townhall settings`: every setting with its value here and what it is for."""

from townhall.cli import here
from townhall.settings import Settings

_HIDDEN = {"secret", "metrics_token"}


def command() -> None:
    """Print every setting, the value in force and its meaning."""
    chosen = here.settings()
    for name, field in Settings.model_fields.items():
        value = getattr(chosen, name)
        shown = "(set)" if name in _HIDDEN and value else value
        print(f"TOWNHALL_{name.upper()} = {shown}\n    {field.description}")

"""The expected "no". A rule refuses with a stable code; a door turns the code into words."""


class Refused(Exception):
    """Something that is not allowed or not possible, and why.

    `code` is stable, snake_case and has words in the catalogues under `refused.<code>`;
    `details` fill the placeholders of those words.
    """

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code} ({facts})" if facts else self.code

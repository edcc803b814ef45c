"""The two exceptions whose message is meant for the user, who sees it without a traceback."""


class InputError(ValueError):
    """A user's input cannot be used; the message is one sentence that says what to change.

    Root scripts print the message and exit with status 2.
    """


class RunError(RuntimeError):
    """A run failed although its input was valid, such as when an external program fails or training diverges.

    Root scripts print the message and exit with status 1.
    """

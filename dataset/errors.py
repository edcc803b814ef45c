"""The one exception that means: the input is wrong, and here is what to do about it."""


class InputError(ValueError):
    """A user's input cannot be used; the message is one sentence they can act on.

    Root scripts print it without a traceback and exit with status 2.
    """

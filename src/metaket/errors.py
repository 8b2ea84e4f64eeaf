"""Every error and warning that metaket raises on purpose.

::

    Exception
    └── MetaketError                 anything that the caller can mend
        ├── InputError               a value, column or row is not usable
        │   ├── UnknownChoiceError   a code that no registry holds
        │   ├── DataError            a row of a table breaks a rule (names row and study)
        │   └── PaperError           a paper folder breaks its format (names file and line)
        └── NotComputableError       the question has no answer on these data

    UserWarning
    └── MetaketWarning
        ├── ConvergenceWarning       an iterative fit did not reach its tolerance
        └── DataWarning              usable, but worth a look
"""

from __future__ import annotations

__all__ = [
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "InputError",
    "MetaketError",
    "MetaketWarning",
    "NotComputableError",
    "PaperError",
    "UnknownChoiceError",
]


class MetaketError(Exception):
    """Base class: catch this to catch everything that metaket raises on purpose."""


class InputError(MetaketError, ValueError):
    """An argument has a value that cannot be used."""


class UnknownChoiceError(InputError):
    """A code that is not among the registered ones."""


class DataError(InputError):
    """A row of a table breaks a rule; the message names the row and the study."""


class PaperError(InputError):
    """A paper folder breaks its format; the message names the file."""


class NotComputableError(MetaketError):
    """The question has no answer on these data; the message says what is missing."""


class MetaketWarning(UserWarning):
    """Base class of the warnings."""


class ConvergenceWarning(MetaketWarning):
    """An iterative fit did not reach its tolerance; its result is flagged."""


class DataWarning(MetaketWarning):
    """The data are usable, but something about them deserves a look."""

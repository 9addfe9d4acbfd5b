"""The base class of the resources that a component exports."""

from types import SimpleNamespace

_DETACHED = SimpleNamespace(detach=lambda: None)


class Resource:
    """Holds a value of the domain.

    componentize-py 0.25 keeps each object that it has passed to the host forever, with a finalizer of 0.6 kB that never
    runs. This class has no finalizer.
    """

    __slots__ = ("value", "__dict__", "__weakref__")

    def __init__(self, value):
        self.value = value

    @property
    def finalizer(self):
        return _DETACHED

    @finalizer.setter
    def finalizer(self, finalizer):
        finalizer.detach()

"""A bar of epochs with the last loss, on request."""

from typing import Any, Self

from nnlib.validation import require_extra

__all__ = ["Progress"]


class Progress:
    """A context that shows a bar, or nothing; the bar closes however training ends."""

    def __init__(self, wanted: bool, n_epochs: int) -> None:
        self.n_epochs, self.bar = n_epochs, None
        self._make: Any = require_extra("tqdm.auto", "progress").tqdm if wanted else None

    def __enter__(self) -> Self:
        if self._make:
            self.bar = self._make(total=self.n_epochs, unit="epoch")
        return self

    def show(self, loss: float) -> None:
        """Count an epoch, and write its loss behind the bar."""
        if self.bar is not None:
            self.bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            self.bar.update()

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

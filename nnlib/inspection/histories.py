"""What a training history inherits: its table and its picture."""

from typing import Any

from nnlib.validation import require_extra

__all__ = ["HistoryTools"]


class HistoryTools:
    """The parts of History that no lesson teaches."""

    loss: list[float]
    validation_loss: list[float]
    accuracy: list[float]
    validation_accuracy: list[float]
    stopped: str | None

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        if not self.loss:
            return "History: no epoch"
        text = f"History: {len(self)} epochs, loss {self.loss[0]:.4f} -> {self.loss[-1]:.4f}"
        if self.validation_loss:
            text += f", validation loss {self.validation_loss[-1]:.4f}"
        return text + (f", stopped: {self.stopped}" if self.stopped else "")

    def plot(self) -> Any:
        """Draw loss, and accuracy where there is one, against the epoch.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        require_extra("matplotlib", "plots")
        from nnlib.plots import learning_curves

        return learning_curves(self)

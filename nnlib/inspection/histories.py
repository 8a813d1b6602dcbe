"""What a training history inherits: its line, its table and its picture."""

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

    def to_frame(self) -> Any:
        """Return a table with one row an epoch, numbered from 1, and one column a list.

        A list without values, such as the accuracy of a regression, makes no column.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is missing.
        """
        pandas = require_extra("pandas", "tables")
        columns = {k: v for k, v in vars(self).items() if isinstance(v, list) and v}
        epochs = pandas.RangeIndex(1, len(self) + 1, name="epoch")
        return pandas.DataFrame(columns, index=epochs)

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

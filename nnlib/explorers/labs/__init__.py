"""The labs, one file each: what it computes, how that is drawn, which controls it has."""

__all__ = ()

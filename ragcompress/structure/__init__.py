"""What a passage is made of: units that must not be broken, and what each needs to be understood."""

from ragcompress.structure.units import units

__all__ = ["units"]

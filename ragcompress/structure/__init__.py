"""What a passage is made of: units that must not be broken, and what each needs to be understood."""

from ragcompress.structure.page import KINDS
from ragcompress.structure.parts import parts
from ragcompress.structure.units import units

__all__ = ["KINDS", "parts", "units"]

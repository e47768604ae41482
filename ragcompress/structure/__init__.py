"""What a passage is made of: units that must not be broken, and what each needs to be understood."""

from ragcompress.structure.page import KINDS
from ragcompress.structure.parts import parts
from ragcompress.structure.units import fingerprint, remember, units

__all__ = ["KINDS", "fingerprint", "parts", "remember", "units"]

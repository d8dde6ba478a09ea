"""Widths and ranges of Loihi-class hardware that the integer network keeps to.

Every limit that a check or a clip elsewhere uses is named here once, with its source.
The one overflow rule: membranes saturate at 24 bits, and nothing else may overflow, which
`lava_spquant.ir.bounds` proves before a network exists.
"""

STATE_BITS = 24
"""Width of a membrane potential and of an accumulator (Davies et al. 2018; `lava.proc.lif`)."""

STATE_MAX = 2 ** (STATE_BITS - 1) - 1
"""Largest magnitude of a membrane potential; Lava clips to the symmetric range."""

DECAY_UNITY = 4096
"""A decay of 4096 forgets everything in one step; decays are 12-bit fractions (`lava.proc.lif`)."""

GAIN_MAX = 2**15 - 1
"""Largest magnitude of a branch gain, an int16 (DESIGN: numeric contract, rule 2)."""

MIN_GAIN_BITS = 8
"""Significant bits that the gain of a channel that matters must keep (numeric contract, rule 2)."""

PRODUCT_MAX = 2**31 - 1
"""Largest magnitude of `gain * acc + round` and of a block's total current, an int32."""

CURRENT_MAX = PRODUCT_MAX - STATE_MAX
"""Largest magnitude of a block's current plus bias: with a 24-bit membrane added it fits an int32."""

CUBA_CURRENT_MAX = 2**STATE_BITS - 1
"""Largest magnitude of the current into a CUBA neuron: Lava wraps `u` once, and up to here once is enough."""

SHIFT_MAX = 31
"""Largest right shift of a branch."""

CUBA_SHIFT = 6
"""Lava left-shifts a LIF's activation, threshold and (in NetX) bias by 6 bits."""

WEIGHT_BITS_MAX = 16
"""Widest integer weight this library accepts (8 on Loihi; SLAYER's stock files reach 9)."""

PADDING_MAX = 2**26
"""Values that padding may add to what one branch reads: as many as a whole file may have neurons (`netx.limits`)."""

INPUT_BITS_MAX = 16
"""Widest graded input, that of a Loihi 2 graded spike payload rounded down to a useful size."""

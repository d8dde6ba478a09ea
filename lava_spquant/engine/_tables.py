"""Columns of the integer tables that describe a network to compiled code.

One compiled function interprets every network, so that compiling happens once per machine and not
once per network. What it interprets are three tables of int64, a row per stream, block and branch.
"""

# A stream is what branches read: number 0 is the input, number b + 1 the output of block b.
(
    S_HEIGHT,
    S_WIDTH,
    S_CHANNELS,
    S_ROW,  # neurons of one image row, padded to a multiple of 16
    S_DENSE,  # offset of its values by place, in the dense pool
    S_EVENTS,  # offset of its event lists (and of their values), in the event pools
    S_PIXELS,  # offset of its pixel pointers, W + 16 per image row: vectors write up to 15 beyond W + 1
    S_RING,  # slots kept: a power of two, more than the longest delay of a reader
    S_GRADED,  # values other than 0 and 1
    S_WANT_DENSE,  # some reader or recorder needs values by place
    S_PACKED,  # offset of its spikes as words per pixel, in the dense pool, or -1
    S_LISTED,  # some reader wants lists of events
    S_ONES,  # of the input: offsets of gains of 1 and of biases of 0, with which a relay hands values on
    S_ZERO,
    S_COLUMNS,
) = range(15)

(
    B_KIND,
    B_FIRST_BRANCH,
    B_BRANCHES,
    B_V,  # offsets of the states, in the state pool; 0 where there is none
    B_U,
    B_BIAS,
    B_BIAS_STRIDE,  # row stride of the bias: 0 where it is the same for all rows
    B_PARAMS,
    B_PHASE,  # step (from 1) of the first reset, modulo the interval
    B_CACHE,  # offset of its cached current, or -1
    B_ONES,  # offset of gains of 1, for currents that are summed already
    B_KEEP_U,  # `u` is looked at, though it has no memory
    B_GATES,  # how many gates it has
    B_GATE_AT,  # offset of their rows, one behind the other, in the pool of parameters
    # Offset of the sums from which its neurons spike, in the pool of biases where weights lie in tiles, of population
    # counts in that of parameters where they are bits, or -1.
    B_LIMITS,
    B_COLUMNS,
) = range(16)

(
    R_KIND,
    R_STREAM,
    R_DELAY,
    R_WEIGHT,
    R_STRIDE,  # padded output channels: length of one weight row
    R_KH,
    R_KW,
    R_SH,
    R_SW,
    R_PH,
    R_PW,
    R_DH,
    R_DW,
    R_GROUPS,
    R_WIDE,  # int16 sums could overflow
    R_BYTES,  # weights are int8, laid into the pool of int16
    R_BINARY,  # weights of one bit, 64 channels to a word
    R_DOT,  # weights of 8 bits, four products at a time
    R_GAIN,
    R_HALF,
    R_SHIFT,
    R_NARROWS,  # a channel gate leaves some of its channels to be summed: weights of these are laid together
    R_TILES,  # weights of one bit, as tiles of bytes
    R_COLUMNS,
) = range(24)

(
    G_STREAM,
    G_DELAY,
    G_CELL_HEIGHT,  # places of a cell; 0 where a gate opens channels
    G_CELL_WIDTH,
    G_COLUMNS,
) = range(5)

QLIF, CUBA, READOUT, RELAY, CLIP, THRESHOLD = range(6)
CONV, POOL, IDENTITY = range(3)

SLACK = 80
"""Values beyond the end of a buffer that vector stores may touch."""

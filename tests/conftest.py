"""Settings that every test runs under."""

from __future__ import annotations

import os
import signal

# Two test workers share the cores: one thread each, set before NumPy or torch starts its pool.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# A shell's background jobs are born deaf to Ctrl-C, and so would be what the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from hypothesis import HealthCheck, settings  # noqa: E402

# Derandomised: a run finds the same things every time. `--hypothesis-profile=deep` searches further.
settings.register_profile(
    "default", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("default"), derandomize=False, max_examples=2000)
settings.load_profile("default")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name raw bytes by their number: a compressed file's hold the time, and workers must agree on names."""
    return f"{len(val)}-bytes" if isinstance(val, bytes) else None

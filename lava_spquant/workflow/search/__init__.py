"""Search over the fields of a recipe, widths among them, for the best trades of accuracy and cost.

Needs Optuna and torch; import it by name.
"""

from lava_spquant.workflow.search.axis import Choices, Range
from lava_spquant.workflow.search.objective import Failed, Measured
from lava_spquant.workflow.search.results import SearchResult, TrialRow
from lava_spquant.workflow.search.run import search
from lava_spquant.workflow.search.space import Space, load_space, searchable_fields, space_names

__all__ = [
    "Choices",
    "Failed",
    "Measured",
    "Range",
    "SearchResult",
    "Space",
    "TrialRow",
    "load_space",
    "search",
    "searchable_fields",
    "space_names",
]

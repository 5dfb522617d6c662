"""Weight tying: several weights are one stored value, or a function of fewer stored values.

`tie` makes a tied copy of any model by a `TiePlan`; `untie` makes it plain again.
"""

from tiedtts.tying.apply import tie, untie
from tiedtts.tying.learned_ties import LearnedTies
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.report import LayerReport, TieReport
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.schemes.identity import WeightTyingConv2d
from tiedtts.tying.state_dicts import (
    load_plain_state_dict,
    load_tied_state_dict,
    plain_state_dict,
    tied_state_dict,
)
from tiedtts.tying.structure import check_sharing, count_parameters, tie_groups, tie_map
from tiedtts.tying.tied_layer import TiedLayer

__all__ = [
    "SCHEMES",
    "LayerReport",
    "LearnedTies",
    "TiePlan",
    "TieReport",
    "TieRule",
    "TiedLayer",
    "WeightTyingConv2d",
    "check_sharing",
    "count_parameters",
    "load_plain_state_dict",
    "load_tied_state_dict",
    "plain_state_dict",
    "tie",
    "tie_groups",
    "tie_map",
    "tied_state_dict",
    "untie",
]

"""Mixtures of logistic distributions, of which a sample is drawn.

Salimans et al., "PixelCNN++", 2017. Parameters of K components come as 3 K channels: logits of the weights,
locations, natural logarithms of the scales.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_SCALE_RANGE = (-7.0, 3.0)
"""Natural logarithm of a component's scale is kept inside this range."""
UNIT_LOG_SCALE = math.log(math.sqrt(3.0) / math.pi)
"""Natural logarithm of the scale of a logistic distribution of variance one."""
LOCATION_LIMIT = 60.0
"""Largest distance of a component from zero."""


def negative_log_likelihood(parameters: Tensor, values: Tensor, width: Tensor) -> Tensor:
    """Return minus the logarithm of the probability that a mixture gives to an interval.

    Args:
        parameters: (B, 3 K, S).
        values: Middles of the intervals, (B, S).
        width: Widths of the intervals, above zero, (B, S).

    Returns:
        Natural logarithms, (B, S).
    """
    logits, location, log_scale = parameters.chunk(3, dim=1)
    location = location.clamp(-LOCATION_LIMIT, LOCATION_LIMIT)
    log_scale = log_scale.clamp(*LOG_SCALE_RANGE)
    inverse = torch.exp(-log_scale)
    distance = (values[:, None] - location) * inverse
    half = 0.5 * width[:, None] * inverse
    # The distribution's values at both ends, less each other. For narrow intervals the density times the
    # width says the same without cancellation.
    difference = torch.sigmoid(distance + half) - torch.sigmoid(distance - half)
    density = distance - 2.0 * F.softplus(distance) + torch.log(2.0 * half)
    inside = torch.where(difference > 1e-4, torch.log(difference.clamp(min=1e-10)), density)
    return -torch.logsumexp(F.log_softmax(logits, dim=1) + inside, dim=1)

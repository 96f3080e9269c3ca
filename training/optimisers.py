"""How weights move: Muon for matrices inside the network, AdamW for the rest, and a moving average of all.

Muon makes each step an orthogonal matrix (Jordan et al. 2024, "Muon: An optimizer for hidden layers in
neural networks"); convolutions count as matrices of output channels by everything else.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Coefficients of Jordan et al. 2024: fast, and exact enough after five steps.
_THREADS = ThreadPoolExecutor()


class Muon(torch.optim.Optimizer):  # type: ignore[misc]
    """Momentum, orthogonalised by a Newton-Schulz iteration in bfloat16.

    Parameters
    ----------
    params
        Tensors of two dimensions or more.
    lr
        Step as a share of the spectral norm of a matrix near one.
    momentum
        Of the moving average of gradients.
    weight_decay
        Decoupled, times ``lr``.
    """

    def __init__(
        self, params: Iterable[Tensor], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def step(self, closure: Any = None) -> None:  # noqa: ARG002 - torch's signature
        """Move every parameter that has a gradient, several at a time."""
        moves = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        list(_THREADS.map(lambda move: self._move(*move), moves))

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _move(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
        ahead = parameter.grad.lerp(state["momentum"], group["momentum"]).flatten(1)
        update = orthogonalise(ahead).view(parameter.shape)
        stretch = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update.to(parameter.dtype), alpha=-group["lr"] * stretch)


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Push every singular value of a matrix towards one.

    Parameters
    ----------
    matrix
        ``(rows, columns)``.
    steps
        Iterations.

    Returns
    -------
    Tensor
        bfloat16, same shape, singular values between about 0.7 and 1.2.
    """
    a, b, c = _QUINTIC
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class MovingAverage:
    """A copy of a model that follows it slowly (Tarvainen & Valpola 2017, "Mean teachers are better role models").

    Parameters
    ----------
    model
        What to follow.
    decay
        Share kept at each step, once past the first steps.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.decay = decay
        self.steps = 0

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def update(self, model: nn.Module) -> None:
        """Move towards the model as it is now."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        theirs = model.state_dict()
        for name, ours in self.model.state_dict().items():
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs[name], 1 - keep)
            else:
                ours.copy_(theirs[name])

    def state_dict(self) -> dict[str, Any]:
        """Return what ``load_state_dict`` needs."""
        return {"model": self.model.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self.model.load_state_dict(state["model"])
        self.steps = state["steps"]


class Optimiser:
    """Muon and AdamW over one model, under one schedule.

    Parameters
    ----------
    model
        Its hidden matrices (named neither stem nor output nor table of words) go to Muon.
    muon_lr, adam_lr
        Peak learning rates.
    weight_decay
        Of the matrices.
    outer
        Names of submodules whose weights stay with AdamW.
    """

    def __init__(
        self, model: nn.Module, *, muon_lr: float, adam_lr: float, weight_decay: float, outer: tuple[str, ...]
    ) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        hidden = [p for n, p in named if p.ndim >= 2 and not n.startswith(outer)]  # noqa: PLR2004 - matrices
        taken = set(map(id, hidden))
        tables = [p for _, p in named if id(p) not in taken and p.ndim >= 2]  # noqa: PLR2004 - matrices
        vectors = [p for _, p in named if p.ndim < 2]  # noqa: PLR2004 - biases and norms
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                [{"params": tables, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}],
                lr=adam_lr,
                betas=(0.9, 0.98),
                fused=True,
            )
        ]
        if hidden:
            self.parts.append(Muon(hidden, lr=muon_lr, weight_decay=weight_decay))
        self.peaks = [adam_lr, muon_lr]

    def step(self, share: float) -> None:
        """Take one step at a share of the peak rates, then forget the gradients."""
        for part, peak in zip(self.parts, self.peaks, strict=False):
            for group in part.param_groups:
                group["lr"] = peak * share
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """Return what ``load_state_dict`` needs."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Go on from a saved state."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def rate(progress: float, *, warm: float, decay: float) -> float:
    """Return the learning rate as a share of its peak: up, level, and straight down to zero.

    A level stretch lets a run be lengthened or ended early (Hägele et al. 2024, "Scaling laws and
    compute-optimal training beyond fixed training durations").

    Parameters
    ----------
    progress
        Share of the run that is done, 0 to 1.
    warm, decay
        Shares of the run spent going up and down.

    Returns
    -------
    float
        Between 0 and 1.
    """
    up = progress / warm if warm > 0 else 1.0
    down = (1 - progress) / decay if decay > 0 else 1.0
    return max(0.0, min(1.0, up, down))

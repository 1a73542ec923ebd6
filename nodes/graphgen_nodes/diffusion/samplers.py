"""The samplers by name, each a scheduler of diffusers with what it is to be set to."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, Literal

SamplerName = Literal[
    "ddim",
    "ddpm",
    "pndm",
    "plms",
    "euler",
    "euler_ancestral",
    "heun",
    "dpmpp_2m",
    "dpmpp_2m_sde",
    "dpmpp_sde",
    "unipc",
    "lcm",
]
Betas = Literal["from_model", "linear", "scaled_linear", "cosine"]
Sigmas = Literal["default", "karras", "exponential", "beta", "lu"]
Spacing = Literal["from_model", "leading", "linspace", "trailing"]


@dataclass(frozen=True)
class Sampler:
    """One way to walk from noise to a picture.

    Attributes:
        scheduler: Class name in diffusers.
        settings: What the scheduler is set to, over the model's own configuration.
    """

    scheduler: str
    settings: dict[str, Any] = field(default_factory=dict)


SAMPLERS: dict[str, Sampler] = {
    # Ho et al., arXiv:2006.11239; Song et al., arXiv:2010.02502; Liu et al., arXiv:2202.09778
    "ddpm": Sampler("DDPMScheduler"),
    "ddim": Sampler("DDIMScheduler"),
    "pndm": Sampler("PNDMScheduler", {"skip_prk_steps": False}),
    "plms": Sampler("PNDMScheduler", {"skip_prk_steps": True}),
    # Karras et al., arXiv:2206.00364
    "euler": Sampler("EulerDiscreteScheduler"),
    "euler_ancestral": Sampler("EulerAncestralDiscreteScheduler"),
    "heun": Sampler("HeunDiscreteScheduler"),
    # Lu et al., arXiv:2211.01095
    "dpmpp_2m": Sampler("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_sde": Sampler("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_sde": Sampler("DPMSolverSDEScheduler"),
    # Zhao et al., arXiv:2302.04867; Luo et al., arXiv:2310.04378
    "unipc": Sampler("UniPCMultistepScheduler"),
    "lcm": Sampler("LCMScheduler"),
}
_BETAS = {"cosine": "squaredcos_cap_v2"}
_SIGMAS = {
    "karras": "use_karras_sigmas",
    "exponential": "use_exponential_sigmas",
    "beta": "use_beta_sigmas",
    "lu": "use_lu_lambdas",
}


class SpacingError(ValueError):
    """A sampler does not offer a spacing; the text names those that it offers."""

    def __init__(self, port: str, message: str) -> None:
        super().__init__(message)
        self.port = port


def build_scheduler(
    name: str,
    config: dict[str, Any],
    steps: int,
    betas: str = "from_model",
    sigmas: str = "default",
    spacing: str = "from_model",
) -> Any:
    """A diffusers scheduler for a model's configuration, with what the user changed.

    Raises:
        SpacingError: The sampler does not offer it.
    """
    from .._torchvision import prepare_torchvision

    prepare_torchvision()
    import diffusers

    sampler = SAMPLERS[name]
    cls = getattr(diffusers, sampler.scheduler)
    offered = inspect.signature(cls.__init__).parameters
    settings = {key: value for key, value in config.items() if key in offered}
    settings.update(sampler.settings)
    if betas != "from_model":
        settings.update(beta_schedule=_BETAS.get(betas, betas), trained_betas=None)
    if sigmas != "default":
        if _SIGMAS[sigmas] not in offered:
            spacings = [key for key, option in _SIGMAS.items() if option in offered]
            raise SpacingError(
                "sigmas",
                f"the sampler {name} does not offer {sigmas} sigmas, only "
                f"{', '.join(['default', *spacings])}",
            )
        settings.update(dict.fromkeys((o for o in _SIGMAS.values() if o in offered), False))
        settings[_SIGMAS[sigmas]] = True
    if spacing != "from_model":
        settings["timestep_spacing"] = spacing
    if "original_inference_steps" in offered:  # LCM takes its steps from so many of the teacher's
        settings["original_inference_steps"] = max(
            steps, settings.get("original_inference_steps", 50)
        )
    return cls(**settings)

"""The mixture of `benchmarks.mixture` in NumPyro: NUTS with the labels summed out. Runs in an environment of its own.

PYTHON benchmarks/mixture_numpyro.py POINTS.npy K WARM_UP SAMPLES
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

_DEPTH = 5  # at most 31 steps of the gradient for a sample, as a bound on the time


def main(path: str, k: int, warm_up: int, samples: int) -> None:
    """Sample, and print the seconds of both parts as JSON."""
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS, init_to_value

    jax.config.update("jax_enable_x64", True)
    x = jnp.asarray(np.load(path))
    d = x.shape[1]
    scale = float(jnp.sqrt(x.var(axis=0).mean()))
    center = x.mean(axis=0)

    def model() -> None:
        pi = numpyro.sample("pi", dist.Dirichlet(jnp.ones(k)))
        mu = numpyro.sample("mu", dist.Normal(center, scale).expand([k, d]).to_event(2))
        sigma2 = numpyro.sample("sigma2", dist.InverseGamma(1.0, scale**2).expand([k, d]).to_event(2))
        each = dist.Normal(mu, jnp.sqrt(sigma2)).to_event(1)
        with numpyro.plate("spikes", len(x)):
            numpyro.sample("x", dist.MixtureSameFamily(dist.Categorical(pi), each), obs=x)

    rng = np.random.default_rng(0)
    start = {"mu": x[rng.choice(len(x), k, replace=False)], "sigma2": jnp.full((k, d), scale**2), "pi": jnp.ones(k) / k}
    init = init_to_value(values=start)
    sampler = MCMC(
        NUTS(model, init_strategy=init, max_tree_depth=_DEPTH), num_warmup=warm_up, num_samples=samples,
        progress_bar=False,
    )  # fmt: skip
    begin = time.perf_counter()
    sampler.warmup(jax.random.PRNGKey(0), collect_warmup=False)
    middle = time.perf_counter()
    sampler.run(jax.random.PRNGKey(1), extra_fields=("num_steps",))
    steps = np.asarray(sampler.get_extra_fields()["num_steps"])
    print(json.dumps({
        "version": numpyro.__version__, "warm_up_s": middle - begin, "samples_s": time.perf_counter() - middle,
        "warm_up": warm_up, "samples": samples, "steps": steps.tolist(),
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], *(int(word) for word in sys.argv[2:5]))

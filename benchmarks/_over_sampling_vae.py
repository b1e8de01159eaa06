"""A small variational autoencoder of one class, as a rival sampler."""

import numpy as np
import torch
from torch import nn

LATENT, HIDDEN, N_STEPS, BATCH = 8, 64, 600, 32


def vae(X, n, rng):
    """Draw from the prior of an autoencoder (Kingma and Welling 2014), noise added.

    The likelihood is Gaussian with one learned level, which is the level of the white
    noise that is added to what the decoder makes.
    """
    center, scale = X.mean(axis=0), max(np.std(X - X.mean(axis=0)), 1e-12)
    real = torch.tensor((X - center) / scale, dtype=torch.float32)
    with torch.random.fork_rng([]):
        torch.manual_seed(int(rng.randint(2**31 - 1)))
        encoder, decoder = (
            nn.Sequential(nn.Linear(a, HIDDEN), nn.LeakyReLU(0.2), nn.Linear(HIDDEN, b))
            for a, b in ((X.shape[1], 2 * LATENT), (LATENT, X.shape[1]))
        )
        log_level = nn.Parameter(torch.zeros(()))
        weights = [*encoder.parameters(), *decoder.parameters()]
        groups = [{"params": weights}, {"params": [log_level], "lr": 2e-2}]
        optimizer = torch.optim.Adam(groups, 1e-3)
        for _ in range(N_STEPS):
            x = real[torch.randint(len(real), (min(BATCH, len(real)),))]
            mean, log_variance = encoder(x).chunk(2, dim=1)
            z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
            error = ((decoder(z) - x) * (-log_level).exp()).square().sum(1) / 2
            prior = (mean**2 + log_variance.exp() - log_variance - 1).sum(1) / 2
            loss = (error + prior).mean() + x.shape[1] * log_level
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            made = decoder(torch.randn(n, LATENT))
            made = made + log_level.exp() * torch.randn_like(made)
    return made.double().numpy() * scale + center

namespace Hydra.Gateway.Pipeline;

using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>Asks one deployment once, through everything that stands before a provider.</summary>
/// <remarks>
/// (1) The breaker lets it pass. (2) Concurrency and rates of the account and the deployment have room. (3) The kill switch is off.
/// (4) The ledger holds what it may cost at this deployment's price. (5) The provider is asked, and its frames are held back until
/// there is content: the commit point. (6) What it cost is settled before its end is passed on.
/// </remarks>
internal sealed class AttemptRunner(ICallLedger ledger, Lock gate, TimeProvider clock, Func<TimeSpan> now, Func<GatewayRefusedException?> killSwitch)
{
    public async ValueTask<AttemptStart> StartAsync(Deployment deployment, IEnumerable<ChatMessage> messages, CallOptions options, TimeoutConfig timeouts, CancellationToken cancellationToken)
    {
        var operation = options.Operation;
        var health = deployment.Health.Of(operation.Kind);
        // (1)
        BreakerTicket ticket;
        lock (gate)
        {
            if (!health.Breaker.TryEnter(now(), out ticket))
            {
                var view = health.Breaker.At(now());
                return new AttemptStart.Busy($"its circuit breaker is open: {view.Cause}", view.RefusesUntil);
            }
        }
        var pass = new Pass(this, deployment, health, ticket);
        try
        {
            // (2)
            if (await pass.EnterAsync(operation.PromptTokensMax + operation.OutputTokensMax, cancellationToken) is { } busy) return busy;

            // (3)
            if (killSwitch() is { } switchedOff) throw switchedOff;

            // (4)
            var price = deployment.Facts.Price;
            var (asked, service) = (price, NativeFields.AreSent(deployment, options) ? ServiceTier.Asked(options) : null);
            if (service is not null) asked = price?.For(service);
            // A provider may serve in the usual class although another was asked for: the dearer of both is held.
            var bound = Math.Max(BoundOf(price), service is null ? 0 : BoundOf(asked));
            if (IsOverCap(operation, price, bound))
            {
                return new AttemptStart.Unaffordable(new GatewayRefusedException(RefusalKind.BudgetExceeded, operation.Usage.Total > 0
                    ? $"What the caller's own budget holds for this call is used up by the attempts before: ${operation.CostUsd:0.00####}, {operation.Usage.Total} tokens."
                    : $"'{deployment.Id}' may cost more than the caller's own budget holds for this call."));
            }
            var attempt = operation.Begin(deployment.Id, deployment.Group, deployment.Facts.Provider, deployment.Facts.Id);
            var reserved = await ReserveAsync(operation, attempt, new ReserveRequest
            {
                OperationId = operation.Id, Attempt = attempt.Number, Caller = operation.Caller, Model = operation.Model, Deployment = deployment.Id,
                BoundUsd = bound, BoundTokens = operation.PromptTokensMax + operation.OutputTokensMax, IsPriceUnknown = asked is null,
            }, cancellationToken);
            if (reserved is ReserveResult.Refused { Refusal: var refusal })
            {
                attempt.Outcome = "budget";
                return new AttemptStart.Unaffordable(refusal.IsPriceUnknown ? Unpriced(deployment, service, refusal) : new GatewayRefusedException(RefusalKind.BudgetExceeded, refusal.ToString())
                {
                    Scope = refusal.Scope,
                    RetryAfter = refusal.ResetsAt is { } resets ? resets - clock.GetUtcNow() : null,
                });
            }
            var reservation = ((ReserveResult.Granted)reserved).Reservation;
            operation.RemainingUsd = reservation.RemainingUsd;

            // (5)
            pass.Sent();
            var answer = new LiveAnswer(deployment, operation, attempt, pass, reservation, ledger, clock);
            return await answer.OpenAsync(messages, options, timeouts, cancellationToken);
        }
        finally
        {
            pass.WithdrawUnlessSent();
        }

        decimal BoundOf(ModelPrice? rates) => rates?.BoundOf(operation.PromptTokensMax, operation.OutputTokensMax, operation.MayUseDearClasses).Usd ?? 0;
    }

    /// <summary>Every attempt must fit into what the caller holds, beside what those before were charged. Callers hold nothing for dear classes, so these count beside others only.</summary>
    private static bool IsOverCap(Operation operation, ModelPrice? price, decimal bound)
    {
        if (operation.Cap is not { } cap) return false;
        var used = operation.Usage.Total;
        if (used == 0) bound = price?.BoundOf(operation.PromptTokensMax, operation.OutputTokensMax).Usd ?? 0;
        return (cap.Usd is { } usd && (price is null || operation.CostUsd + bound > usd)) || used + operation.PromptTokensMax + operation.OutputTokensMax > cap.Tokens;
    }

    private async ValueTask<ReserveResult> ReserveAsync(Operation operation, Attempt attempt, ReserveRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.ReserveAsync(request, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            attempt.Outcome = operation.IsOutpaced(attempt) ? Attempt.Outpaced : "cancelled";
            throw;
        }
        catch (StoreException trouble)
        {
            attempt.Outcome = "store_unavailable";
            throw new GatewayRefusedException(RefusalKind.StoreUnavailable, "The ledger of model calls cannot be written, so nobody was asked. The gateway's log says why.", trouble);
        }
    }

    private static GatewayRefusedException Unpriced(Deployment deployment, string? service, BudgetRefusal refusal) => new(RefusalKind.PriceUnknown,
        $"The price of '{deployment.Config.Model}'{(service is null ? "" : $" in the service class '{Excerpt.Of(service)}'")} is not known, and the budget {refusal.Scope} in US dollars covers this call. Declare it in a file of prices (`prices.overrides` of a gateway's configuration, HYDRA_PRICES without one), or as `price` of the deployment.") { Scope = refusal.Scope };

    /// <summary>One call's place at the breaker, the account and the deployment. Given back once.</summary>
    internal sealed class Pass(AttemptRunner runner, Deployment deployment, OperationHealth health, BreakerTicket ticket)
    {
        private Admitted? _admitted;
        private bool _isInside, _isSent, _hasVerdict, _hasEnded;
        private TimeSpan _sentAt;

        public async ValueTask<AttemptStart.Busy?> EnterAsync(long tokens, CancellationToken cancellationToken)
        {
            _isInside = await deployment.Turnstile.EnterAsync(cancellationToken);
            if (!_isInside) return new AttemptStart.Busy($"the line for the account '{deployment.Quota.Name}' is full", null);
            lock (runner.Gate)
            {
                _admitted = Admission.TryAdmit([deployment.Health.Meter, deployment.Quota.Meter], tokens, runner.Now(), out var refusal);
                if (_admitted is not null) return null;
                if (refusal!.IsForEver) return new AttemptStart.Busy($"{refusal}", TimeSpan.MaxValue);
                return new AttemptStart.Busy($"{refusal}", refusal.At);
            }
        }

        public void Sent()
        {
            _isSent = true;
            _sentAt = runner.Now();
            lock (runner.Gate) health.Stats.Started();
        }

        /// <summary>The deployment works: told at its first content, so that a probe decides early.</summary>
        public void Succeeded()
        {
            lock (runner.Gate)
            {
                if (_hasVerdict) return;
                _hasVerdict = true;
                health.Breaker.Succeeded(ticket, runner.Now());
            }
        }

        /// <summary>The call is over.</summary>
        /// <param name="failure">Null: it succeeded.</param>
        public void End(FailureKind? failure, TimeSpan? retryAfter, TimeSpan? firstToken, long tokensUsed)
        {
            lock (runner.Gate)
            {
                if (_hasEnded) return;
                _hasEnded = true;
                var at = runner.Now();
                if (failure is { } kind) health.Breaker.Failed(ticket, kind, at, retryAfter);
                else if (!_hasVerdict) health.Breaker.Succeeded(ticket, at);
                health.Stats.Ended(failure, firstToken, at - _sentAt, at);
                _admitted!.Settle(tokensUsed, at);
                deployment.Turnstile.Let_NeedsLock(deployment.Quota.Ended(failure, _sentAt, at, retryAfter));
                deployment.Turnstile.Let_NeedsLock(deployment.Quota.Bulkhead.Leave());
            }
        }

        public void WithdrawUnlessSent()
        {
            if (_isSent) return;
            lock (runner.Gate)
            {
                health.Breaker.Withdrawn(ticket);
                _admitted?.Withdraw(runner.Now());
                if (_isInside) deployment.Turnstile.Let_NeedsLock(deployment.Quota.Bulkhead.Leave());
            }
        }
    }

    private Lock Gate => gate;
    private TimeSpan Now() => now();
}

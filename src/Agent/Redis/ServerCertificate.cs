using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>Which certificates of a Redis are accepted, and why one is not.</summary>
/// <param name="options">The options of the connection.</param>
/// <param name="authorities">The only ones that may have signed the certificate; null: those that this machine trusts.</param>
internal sealed class ServerCertificate(ConfigurationOptions options, X509Certificate2Collection? authorities)
{
    /// <summary>Reads authorities.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="CryptographicException">It has no certificate, or one that is damaged.</exception>
    public static X509Certificate2Collection ReadAuthorities(string path)
    {
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new CryptographicException($"'{path}' has no certificate in PEM.");
    }

    /// <summary>How TLS with a host begins.</summary>
    public SslClientAuthenticationOptions ToTls(string host) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = options.SslProtocols ?? SslProtocols.None,
        CertificateRevocationCheckMode = options.CheckCertificateRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
        CertificateChainPolicy = authorities is null ? null : ToPolicy(authorities),
        RemoteCertificateValidationCallback = (_, _, chain, errors) => errors == SslPolicyErrors.None ? true : throw new AuthenticationException(WhyNot(host, chain, errors)),
    };

    private static X509ChainPolicy ToPolicy(X509Certificate2Collection authorities)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private string WhyNot(string host, X509Chain? chain, SslPolicyErrors errors)
    {
        X509ChainStatusFlags flaws = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)) return "Redis shows no certificate.";
        if ((flaws & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid)) != 0)
        {
            return authorities is null
                ? "No authority that this machine trusts has signed the certificate of Redis. Name the certificate of yours as the authority file."
                : "None of the certificates in the authority file has signed that of Redis.";
        }

        if (flaws.HasFlag(X509ChainStatusFlags.NotTimeValid)) return "The certificate of Redis has expired or is not valid yet, by this machine's clock.";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"The certificate of Redis is not for '{host}'. Name the server as its certificate does, or add sslHost= with that name.";
        return $"The certificate of Redis is not accepted: {flaws}.";
    }
}

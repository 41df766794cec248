using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Redis over TLS: whose certificate is accepted.</summary>
public sealed class CertificateTests : IDisposable
{
    private const string Host = "dom0-1";

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new();
    private readonly string _address = Loopback.NewAddress();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Events_arrive_over_TLS_and_are_received_over_TLS()
    {
        using RedisServer server = Start(_authority.Sign(_address));
        using ConnectionMultiplexer admin = server.Connect();
        DocumentedUsers.Create(admin, Host);
        DocumentedUsers.Create(admin, "reader");
        using RedisSink sink = Open($",user={Host}");
        sink.Write(Entries.Of(0, 1000));
        Arrivals.Await(sink);
        Arrivals.AssertWhole(admin, Host, 1000);
        using FleetReader reader = FleetReader.Open(new FleetQuery { Redis = Settings($",user=reader{RedisServer.Patient}"), Tell = Assert.Fail }, TestContext.Current.CancellationToken);
        int received = 0;
        while (!reader.IsOver) received += reader.TryTake(out _) ? 1 : 0;
        Assert.Equal(1000, received);
    }

    [Theory]
    [InlineData("CN=Another one")]
    [InlineData(TestAuthority.UsualName)]
    public void A_server_that_another_authority_has_signed_is_refused(string name)
    {
        using TestAuthority other = new(name);
        AssertRefused(other.Sign(_address), "None of the certificates in the authority file has signed that of Redis.");
    }

    [Fact]
    public void A_server_of_an_unknown_authority_is_refused_without_an_authority_file()
    {
        using RedisServer server = Start(_authority.Sign(_address));
        using RedisSink sink = Open(new RedisSettings { Server = $"{_address}:6379,ssl=true" });
        AwaitProblem(sink, "No authority that this machine trusts has signed the certificate of Redis. Name the certificate of yours as the authority file.");
    }

    [Fact]
    public void A_certificate_that_has_expired_is_refused() => AssertRefused(
        _authority.Sign(_address, until: -1), "The certificate of Redis has expired or is not valid yet, by this machine's clock.");

    [Fact]
    public void A_certificate_for_another_name_is_refused_unless_that_name_is_expected()
    {
        (string, string) certificate = _authority.Sign("redis.example");
        AssertRefused(certificate, $"The certificate of Redis is not for '{_address}'. Name the server as its certificate does, or add sslHost= with that name.");
        using RedisServer server = Start(certificate);
        using RedisSink sink = Open(",sslHost=redis.example");
        sink.Write(Entries.Of(0, 10));
        Arrivals.Await(sink);
    }

    [Fact]
    public void A_server_without_TLS_is_refused()
    {
        using RedisServer server = RedisServer.Start(_folder["server"], "--port", "6379", "--bind", _address);
        using RedisSink sink = Open();
        AwaitProblem(sink, "TLS with Redis cannot begin: does the port speak it?");
    }

    [Theory]
    [InlineData("127.0.0.1:6379", true, "An authority's file is of no use without TLS. Add ssl=true to the server.")]
    [InlineData("127.0.0.1:6379,ssl=true", true, "has no certificate in PEM.")]
    [InlineData("127.0.0.1:6379,ssl=true", false, "Could not find file")]
    public void An_authority_file_that_is_of_no_use_is_refused(string server, bool exists, string problem)
    {
        if (exists) _folder.Write("authority.pem", "nothing");
        XenException error = Assert.Throws<XenException>(() => new RedisSettings { Server = server, AuthorityFile = _folder["authority.pem"] }.ToOptions());
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private void AssertRefused((string, string) certificate, string problem)
    {
        using RedisServer server = Start(certificate);
        using (RedisSink sink = Open()) AwaitProblem(sink, problem);
        XenException error = Assert.Throws<XenException>(() => FleetReader.Open(new FleetQuery { Redis = Settings(), Tell = Assert.Fail }, TestContext.Current.CancellationToken));
        Assert.Equal(problem, error.Message);
    }

    private static void AwaitProblem(RedisSink sink, string problem)
    {
        sink.Write(Entries.Of(0, 10));
        Until.True(() => sink.State.Problem is not null);
        Assert.Equal(problem, sink.State.Problem);
    }

    private RedisServer Start((string Certificate, string Key) its) => RedisServer.Start(
        _folder["server"], "--tls-port", "6379", "--bind", _address, "--tls-auth-clients", "no",
        "--tls-cert-file", _folder.Write("server.pem", its.Certificate), "--tls-key-file", _folder.Write("server.key", its.Key));

    private RedisSettings Settings(string options = "") => new()
    {
        Server = $"{_address}:6379,ssl=true{options}",
        AuthorityFile = _folder.Write("authority.pem", _authority.Certificate),
        PasswordFile = options.Contains("user=", StringComparison.Ordinal) ? _folder.Write("password", DocumentedUsers.Password) : null,
    };

    private RedisSink Open(string options = "") => Open(Settings(options));

    private RedisSink Open(RedisSettings redis) => new(new RedisOutputSettings { Name = "fleet", Redis = redis, HostName = Host, SpoolFolder = _folder[Path.GetRandomFileName()] }, new AgentIdentity());
}

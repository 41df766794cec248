using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

public class RequestAndResponseTests
{
    private static readonly Gen<VmEventLayout> Layouts =
        Gen.Choose(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion).Select(VmEventLayout.ForVersion);

    private static readonly Gen<VmEventField> Fields = Gen.Elements(Enum.GetValues<VmEventField>());

    private static readonly Gen<ulong> Values = ArbMap.Default.GeneratorFor<ulong>().Or(Gen.Constant(ulong.MaxValue));

    [Fact]
    public void What_is_written_to_a_field_is_read_from_it_and_nothing_beside_it_changes() => Properties.Hold(
        Layouts.Zip(Fields).Zip(Values),
        500,
        one =>
        {
            ((VmEventLayout layout, VmEventField field), ulong value) = one;
            byte[] bytes = new byte[layout.Size + 8];
            Array.Fill(bytes, (byte)0x5a);
            new ResponseWriter(bytes, layout).Set(field, value);
            int offset = layout.OffsetOf(field);
            int width = offset < 0 ? 0 : layout.WidthOf(field);
            ulong read = new RequestReader(bytes, layout).UInt64(field);
            Assert.Equal(width switch { 0 => 0, 8 => value, _ => value & ((1UL << width * 8) - 1) }, read);
            Assert.Equal((uint)read, new RequestReader(bytes, layout).UInt32(field));
            Assert.DoesNotContain(bytes.Index(), b => b.Item != 0x5a && (b.Index < offset || b.Index >= offset + width));
        });

    [Fact]
    public void An_answer_repeats_what_every_answer_repeats_and_no_more() => Properties.Hold(
        Layouts.Zip(Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), VmEventLayout.LargestSize)),
        200,
        one =>
        {
            (VmEventLayout layout, byte[] bytes) = one;
            var request = new RequestReader(bytes, layout);
            byte[] answer = [.. Enumerable.Repeat((byte)0xff, layout.Size)];
            new ResponseWriter(answer, layout).Begin(request);
            var response = new RequestReader(answer, layout);
            Assert.Equal(request.Version, response.Version);
            Assert.Equal(request.VCpuId, response.VCpuId);
            Assert.Equal(request.Reason, response.Reason);
            Assert.Equal(request.Flags & VmEventFlags.VCpuPaused, response.Flags);
            Assert.Equal(request.IsSynchronous, response.IsSynchronous);
            Assert.All(answer[16..], b => Assert.Equal(0, b));
        });

    [Fact]
    public void Repeated_registers_are_the_requests_in_every_version() => Properties.Hold(
        Layouts.Zip(Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), VmEventLayout.LargestSize)),
        200,
        one =>
        {
            (VmEventLayout layout, byte[] bytes) = one;
            byte[] answer = new byte[layout.Size];
            var writer = new ResponseWriter(answer, layout);
            var request = new RequestReader(bytes, layout);
            writer.Begin(request);
            writer.CopyRegisters(request);
            var response = new RequestReader(answer, layout);
            for (VmEventField field = VmEventField.ArmTtbr0; field <= VmEventField.CsAccessRights; field++)
                Assert.Equal(request.UInt64(field), response.UInt64(field));
            Assert.Equal(0u, response.UInt64(VmEventField.MemAccessGfn));
        });

    [Fact]
    public void Flags_add_up()
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);
        byte[] bytes = new byte[layout.Size];
        var writer = new ResponseWriter(bytes, layout);
        writer.AddFlags(VmEventFlags.Emulate);
        writer.AddFlags(VmEventFlags.None);
        writer.AddFlags(VmEventFlags.EmulateNoWrite | VmEventFlags.Emulate);
        Assert.Equal(VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite, new RequestReader(bytes, layout).Flags);
    }

    [Theory]
    [InlineData(17u)]
    [InlineData(uint.MaxValue)]
    public void A_reason_beyond_those_known_is_unknown(uint reason)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);
        byte[] bytes = new byte[layout.Size];
        new ResponseWriter(bytes, layout).Set(VmEventField.Reason, reason);
        var request = new RequestReader(bytes, layout);
        Assert.Equal(VmEventKind.Unknown, request.Kind);
        Assert.Equal(reason, request.Reason);
    }

    [Fact]
    public void Bytes_too_few_for_a_request_are_refused()
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.OldestVersion);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RequestReader(new byte[layout.Size - 1], layout).Flags);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResponseWriter(new byte[layout.Size - 1], layout).Set(VmEventField.Flags, 1));
    }
}

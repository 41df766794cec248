using System.Buffers.Binary;
using XenVmEvent.Abi;
using XenVmEvent.NativeXen;

namespace XenVmEvent.Simulation;

/// <summary>
/// A simulated guest's memory, of which a program can map pages. If there is a file for it, other processes have the same
/// memory. Stands in for the simulator's class of the same name.
/// </summary>
internal sealed unsafe class GuestMemory
{
    public const int PageSize = SharedMemory.PageSize;

    private readonly GuestArchitecture _architecture;
    private readonly int _file;
    private readonly byte* _start;

    public GuestMemory(int pages, GuestArchitecture architecture)
    {
        Pages = pages;
        _architecture = architecture;
        bool isNew = true;
        if (HostSettings.MemoryFile is { } path)
        {
            isNew = !File.Exists(path);
            _file = (int)File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).DangerousGetHandle();
        }
        else
        {
            _file = Libc.memfd_create("memory", Libc.MemfdCloseOnExec);
        }

        nint start = _file >= 0 && Libc.ftruncate(_file, (nint)pages * PageSize) >= 0
            ? Libc.mmap(0, (nuint)pages * PageSize, Libc.ProtectionReadWrite, Libc.MapShared, _file, 0)
            : Libc.MapFailed;
        if (start == Libc.MapFailed) throw new IOException("The system has no memory or descriptors left.");
        _start = (byte*)start;
        if (isNew) Load();
    }

    public int Pages { get; }

    private ulong Size => (ulong)Pages * PageSize;

    /// <summary>Restores its initial contents.</summary>
    public void Reset()
    {
        for (int page = 0; page < Pages; page++) new Span<byte>(_start + (long)page * PageSize, PageSize).Clear();
        Load();
    }

    /// <summary>Maps a page for a program.</summary>
    /// <returns><see cref="Libc.MapFailed"/>: the guest has no such page.</returns>
    public nint Map(ulong gfn, int protection) => gfn < (ulong)Pages
        ? Libc.mmap(0, PageSize, protection, Libc.MapShared, _file, (nint)(gfn * PageSize))
        : Libc.MapFailed;

    /// <inheritdoc cref="IsThere"/>
    public bool TryRead(ulong address, Span<byte> into)
    {
        if (!IsThere(address, into.Length)) return false;
        new ReadOnlySpan<byte>(_start + address, into.Length).CopyTo(into);
        return true;
    }

    public byte ByteAt(ulong address) => IsThere(address, 1) ? Volatile.Read(ref _start[address]) : (byte)0;

    public bool TryReplace(ulong address, byte expected, byte value) =>
        IsThere(address, 1) && Interlocked.CompareExchange(ref _start[address], value, expected) == expected;

    public ulong Read(ulong address) =>
        IsThere(address, sizeof(ulong)) ? BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_start + address, sizeof(ulong))) : 0;

    public void Write(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Write(address, bytes);
    }

    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (IsThere(address, bytes.Length)) bytes.CopyTo(new Span<byte>(_start + address, bytes.Length));
    }

    private void Load()
    {
        for (ulong gfn = 0; gfn < (ulong)Pages; gfn++)
        {
            if (GuestImage.Filler(gfn) is not 0 and var filler) new Span<byte>(_start + gfn * PageSize, PageSize).Fill(filler);
        }

        GuestImage.Load(this, _architecture);
    }

    /// <returns>False if the guest has no memory at one of the addresses.</returns>
    private bool IsThere(ulong address, int bytes) => address <= Size && (ulong)bytes <= Size - address;
}

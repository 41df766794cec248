namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Linux's error numbers that Xen's libraries leave, the same on x86-64 and arm64.</summary>
internal enum Errno
{
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    EINVAL = 22,
    EMFILE = 24,
    EFBIG = 27,
    ENOSPC = 28,
    EPIPE = 32,
    ERANGE = 34,
    ENOSYS = 38,
    ENODATA = 61,
    EOPNOTSUPP = 95,
    ENOTCONN = 107,
    ECONNREFUSED = 111,
}

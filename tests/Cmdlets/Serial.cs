using Xunit;

// The host that the cmdlets work on is one for the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

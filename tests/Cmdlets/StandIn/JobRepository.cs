namespace System.Management.Automation;

public sealed class JobRepository
{
    public List<Job> Jobs { get; } = [];

    public void Add(Job item) => Jobs.Add(item);
}

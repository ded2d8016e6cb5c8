/// The time that an operation was given is over.
struct TimeoutError: Error {}

/// Runs an operation for at most `limit`, then cancels it and throws `TimeoutError`.
func withTimeout<Value: Sendable>(
    _ limit: Duration, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        defer { group.cancelAll() }
        group.addTask(operation: operation)
        group.addTask {
            try await Task.sleep(for: limit)
            throw TimeoutError()
        }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}

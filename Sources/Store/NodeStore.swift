package import Coordination

/// Where a registry's durable part is kept: a journal that is written, and read once at the start.
///
/// Changes are applied in the order of the calls of `append`, which never waits: call it in the isolation that made them.
package protocol NodeStore: Sendable {
    /// Reads all that is stored.
    func load() async throws(StoreError) -> RegistrySnapshot

    /// Takes changes over, to be written as one: all of them or none.
    ///
    /// After a failed write every further change is refused until `resume`, since it may build on what was lost.
    @discardableResult
    func append(_ changes: [StoreChange], urgency: StoreUrgency) -> Durability

    /// Takes changes again after a failure, when the registry has gone back to what `load` read.
    /// Call it in the same step in which the registry is reloaded.
    func resume()

    /// Writes what is pending and closes the store.
    func close() async throws(StoreError)
}

/// How long a change may stay in memory.
package enum StoreUrgency: Sendable {
    /// Somebody waits for it: it is written at once, with everything else that is pending.
    case now
    /// Within a second, unless it can go along with another write sooner.
    case soon
}

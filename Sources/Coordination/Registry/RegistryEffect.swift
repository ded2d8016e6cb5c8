package import Wire

/// What the shell does after a call of the registry, in order and within the same isolation (only the answer waits for the disk).
///
/// A peer may so learn of a change that a crash then undoes; after the restart every stream begins with a snapshot.
package enum RegistryEffect: Equatable, Sendable {
    /// Hand to the store; the request is answered when it is durable.
    case persist([StoreChange])
    /// Hand to the store; nobody waits, and it is on disk within a second.
    case persistLater([StoreChange])
    /// Send to every open stream of the event's network.
    case notify(PeerEvent)
    /// Close the relay connections that logged in with this key.
    case cutRelay(NodeKey)
    /// Close the node's streams: its token is void, or it is gone.
    case closeStreams(NodeID)
    /// Close all streams: their readers come back and get a snapshot.
    case closeAllStreams
}

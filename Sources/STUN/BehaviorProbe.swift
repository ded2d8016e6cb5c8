internal import Wire

/// One request under way, of a behaviour discovery.
struct BehaviorProbe {
    enum Test: Equatable {
        /// From the main socket to a server that was asked for: the mapped address, and whether there is another.
        case binding
        /// From the main socket to another address or port of the helping server: the mapping behaviour.
        case mapping
        /// From the second socket to the helping server: what it is mapped to.
        case secondBinding
        /// From the second socket to the helping server, to be answered from elsewhere: the filtering behaviour.
        case filtering(ChangeRequest)
        /// From each socket to the external address of the other: does it come back?
        case hairpin
    }

    let test: Test
    let socket: BehaviorDiscovery.Socket
    let destination: Endpoint
    /// From where the answer must come.
    let expectedSource: Endpoint
    let request: BindingRequest
    let startedAt: Instant
    var transaction: Transaction
}

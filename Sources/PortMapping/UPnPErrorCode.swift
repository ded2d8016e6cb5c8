/// The error codes of UPnP and of WANIPConnection 1 and 2, and what to do about them.
package enum UPnPErrorCode {
    /// What may help after a refusal.
    package enum Remedy: Hashable, Sendable {
        /// Ask for a lease without an end.
        case permanentLease
        /// Ask for another external port.
        case otherPort
        /// Ask for the internal port as the external one.
        case samePort
        /// Ask with AddPortMapping in place of AddAnyPortMapping.
        case plainAction
        /// Whichever of the first two was not tried yet: the code says too little.
        case anything
        /// Nothing helps with this service.
        case none(MappingFailure)
    }

    static let actionFailed = 501
    /// DeletePortMapping: there is no such mapping, which is what was wanted.
    static let noSuchEntry = 714

    /// What to do when AddPortMapping or AddAnyPortMapping was refused.
    package static func remedy(for code: Int) -> Remedy {
        switch code {
        // InvalidAction, and OptionalActionNotImplemented.
        case 401, 602: .plainAction
        // InvalidArgs, ArgumentValueInvalid, ArgumentValueOutOfRange: from gateways that know no limited lease.
        // OnlyPermanentLeasesSupported.
        case 402, 600, 601, 725: .permanentLease
        // ActionFailed, from old gateways for any reason.
        case 501: .anything
        // OutOfMemory, NoPortMapsAvailable.
        case 603, 728: .none(.outOfResources)
        // ActionNotAuthorized.
        case 606: .none(.notAuthorized)
        // WildCardNotPermittedInExtPort: from gateways that take some ports for no port. ConflictInMappingEntry,
        // ConflictWithOtherMechanisms.
        case 716, 718, 729: .otherPort
        // SamePortValuesRequired.
        case 724: .samePort
        // RemoteHostOnlySupportsWildcard, although we send one. ExternalPortOnlySupportsWildcard: that would be all ports.
        case 726, 727: .none(.unsupported)
        default: .none(.refused(.upnp, code: code))
        }
    }
}

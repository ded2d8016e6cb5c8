internal import Wire

extension IPAddress {
    /// What counts as one source: an IPv4 address, or the /64 of an IPv6 one, which a site has for itself.
    var site: IPAddress {
        let address = canonical
        return address.isIPv4 ? address : address.prefix(64)
    }
}

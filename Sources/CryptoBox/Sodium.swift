internal import CSodium

/// The library behind every primitive here. It wants one initialisation per process, which is safe to repeat.
enum Sodium {
    /// Initialises libsodium once. Every entry into this module passes here; what fails is the machine's random source.
    static let isReady: Bool = sodium_init() >= 0

    static func prepare() {
        precondition(isReady, "libsodium could not be initialised: the system has no usable random source")
    }
}

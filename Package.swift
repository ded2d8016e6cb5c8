// swift-tools-version: 6.2
import PackageDescription

// Continuous integration sets CAUSEWAY_STRICT: there a warning is an error. A stranger's newer compiler may warn.
let isStrict = Context.environment["CAUSEWAY_STRICT"] != nil

/// Every target of the package.
let common: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        // `~Escapable` readers over borrowed bytes (SE-0446) need lifetime annotations.
        .enableExperimentalFeature("Lifetimes"),
    ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// The pure cores also name every unsafe operation (SE-0458).
let core = common + [.strictMemorySafety()]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "causeway",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Client", targets: ["Client"]),
        .executable(name: "causeway-server", targets: ["causeway-server"]),
        .executable(name: "causeway", targets: ["causeway"]),
        .executable(name: "causeway-bench", targets: ["causeway-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    ],
    targets: [
        // System libraries and the C that Swift cannot import by itself.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .target(name: "CLinux"),

        // Pure cores: no I/O, no clock, no random source of their own.
        .target(name: "Wire", swiftSettings: core),
        .target(name: "CryptoBox", dependencies: ["Wire", "CSodium"], swiftSettings: core),
        .target(name: "Noise", dependencies: ["Wire", "CryptoBox"], swiftSettings: core),
        .target(name: "STUN", dependencies: ["Wire"], swiftSettings: core),
        .target(name: "DERP", dependencies: ["Wire", "CryptoBox"], swiftSettings: core),
        .target(name: "Disco", dependencies: ["Wire", "CryptoBox"], swiftSettings: core),
        .target(name: "PortMapping", dependencies: ["Wire"], swiftSettings: core),
        .target(name: "Traversal", dependencies: ["Wire", "STUN", "Disco"], swiftSettings: core),
        .target(name: "Coordination", dependencies: ["Wire", "CryptoBox"], swiftSettings: core),

        // Shells.
        .target(name: "TLS", dependencies: ["Wire", "COpenSSL"] + nio, swiftSettings: common),
        .target(
            name: "Relay", dependencies: ["Wire", "CryptoBox", "DERP", "STUN", "TLS", "CLinux", logging], swiftSettings: common),
        .target(
            name: "Store",
            dependencies: ["Wire", "Coordination", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: common),
        .target(
            name: "Server",
            dependencies: [
                "Wire", "CryptoBox", "STUN", "DERP", "Coordination", "TLS", "Relay", "Store", "CLinux",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                logging, lifecycle,
            ] + nio,
            swiftSettings: common),
        .target(
            name: "Client",
            dependencies: [
                "Wire", "CryptoBox", "Noise", "STUN", "DERP", "Disco", "Traversal", "PortMapping", "Coordination", "TLS",
                "CLinux", .product(name: "NIOHTTP1", package: "swift-nio"), logging,
            ] + nio,
            swiftSettings: common),

        // Programs.
        .executableTarget(
            name: "causeway-server", dependencies: ["Server", arguments, logging, lifecycle], swiftSettings: common),
        .executableTarget(name: "causeway", dependencies: ["Client", arguments, logging], swiftSettings: common),
        .executableTarget(
            name: "causeway-bench",
            dependencies: ["Wire", "CryptoBox", "DERP", "STUN", "TLS", "Relay", "Coordination", "CLinux", arguments, logging],
            swiftSettings: common),

        // Tests. `VectorSupport` reads Tests/Vectors; `TestSupport` is the simulated Internet.
        .target(name: "VectorSupport", path: "Tests/VectorSupport", swiftSettings: common),
        .target(
            name: "TestSupport", dependencies: ["Wire", "CryptoBox", "STUN", "Disco", "Traversal"], path: "Tests/TestSupport",
            swiftSettings: common),
        .testTarget(name: "WireTests", dependencies: ["Wire", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "CryptoBoxTests", dependencies: ["Wire", "CryptoBox", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "NoiseTests", dependencies: ["Wire", "CryptoBox", "Noise", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "STUNTests", dependencies: ["Wire", "STUN", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "DERPTests", dependencies: ["Wire", "CryptoBox", "DERP", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "DiscoTests", dependencies: ["Wire", "CryptoBox", "Disco", "VectorSupport"], swiftSettings: common),
        .testTarget(name: "PortMappingTests", dependencies: ["Wire", "PortMapping"], swiftSettings: common),
        .testTarget(
            name: "TraversalTests",
            dependencies: ["Wire", "CryptoBox", "STUN", "Disco", "Traversal", "TestSupport", "VectorSupport"],
            swiftSettings: common),
        .testTarget(
            name: "CoordinationTests",
            dependencies: ["Wire", "CryptoBox", "Coordination", "VectorSupport"],
            swiftSettings: common),
        .testTarget(name: "TLSTests", dependencies: ["Wire", "TLS", "VectorSupport"] + nio, swiftSettings: common),
        .testTarget(
            name: "RelayTests",
            dependencies: ["Wire", "CryptoBox", "DERP", "STUN", "TLS", "Relay", "CLinux", "VectorSupport", logging],
            swiftSettings: common),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Wire", "CryptoBox", "Coordination", "Store", "VectorSupport"],
            swiftSettings: common),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Wire", "CryptoBox", "STUN", "DERP", "Coordination", "TLS", "Relay", "Store", "Server", "VectorSupport",
            ] + nio,
            swiftSettings: common),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "Wire", "CryptoBox", "Noise", "STUN", "DERP", "Disco", "Traversal", "PortMapping", "Coordination", "TLS",
                "Client", "VectorSupport",
            ] + nio,
            swiftSettings: common),
        .testTarget(name: "StyleTests", swiftSettings: common),
    ]
)

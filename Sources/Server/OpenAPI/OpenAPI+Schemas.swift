extension OpenAPI {
    /// IPv4 that is neither loopback, link-local nor multicast, or eight groups of a global or unique local IPv6 address; then a port.
    private static let reachableEndpoint: String = {
        let octet = #"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"#
        let first = #"([1-9]|[1-9][0-9]|1[01][0-9]|12[0-6]|12[89]|1[3-5][0-9]|16[0-8]|1[7-9][0-9]|2[01][0-9]|22[0-3])"#
        let groups = #"(2[4-9a-f]|3[0-9a-f]|fd)[0-9a-f]{2}(:[0-9a-f]{1,4}){7}"#
        let port = #"([1-9][0-9]{0,3}|[1-5][0-9]{4})"#
        return #"^(\#(first)(\.\#(octet)){3}|\[\#(groups)\]):\#(port)$"#
    }()

    static let schemas = """
          schemas:
            Problem:
              type: object
              required: [type, title, status]
              properties:
                type: { type: string, pattern: '^urn:causeway:problem:[a-z-]+$' }
                title: { type: string }
                status: { type: integer }
                detail: { type: string }
                retryAfterSeconds: { type: integer }
            NodeKey: { type: string, pattern: '^nodekey:[0-9a-fA-F]{64}$' }
            DiscoKey: { type: string, pattern: '^discokey:[0-9a-fA-F]{64}$' }
            JoinKeySecret: { type: string, pattern: '^cwj_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' }
            Name:
              description: A DNS label; capitals become small letters.
              type: string
              pattern: '^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$'
            Endpoint: { type: string, description: 'ADDRESS:PORT, an IPv6 address in brackets.' }
            ReachableEndpoint:
              description: |
                An endpoint at which a host may be reached: not loopback, link-local, multicast or unspecified, also not in the guise of an
                IPv6 address, and not port 0. IPv6 addresses are taken in every form of RFC 4291.
              type: string
              pattern: '\(reachableEndpoint)'
            Time: { type: string, format: date-time }
            EventID: { type: string, pattern: '^[0-9]+-[0-9]+$' }
            NetworkReference:
              type: object
              required: [id, name]
              properties:
                id: { type: integer, minimum: 1 }
                name: { $ref: '#/components/schemas/Name' }
            ServerDescription:
              type: object
              required: [name, version, publicKey, stun, relays, time]
              properties:
                name: { type: string }
                version: { type: string }
                publicKey: { $ref: '#/components/schemas/NodeKey' }
                stun:
                  type: object
                  required: [port, endpoints]
                  properties:
                    port: { type: integer, minimum: 0, maximum: 65535, description: 0 when STUN is off. }
                    endpoints: { type: array, items: { $ref: '#/components/schemas/Endpoint' } }
                    alternate: { $ref: '#/components/schemas/Endpoint' }
                relays:
                  type: array
                  items:
                    type: object
                    required: [id, name, nodeKey]
                    properties:
                      id: { type: integer }
                      name: { type: string }
                      url: { type: string }
                      nodeKey: { $ref: '#/components/schemas/NodeKey' }
                time: { $ref: '#/components/schemas/Time' }
            Challenge:
              type: object
              required: [challenge, expires, publicKey]
              properties:
                challenge: { type: string, pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' }
                expires: { $ref: '#/components/schemas/Time' }
                publicKey: { $ref: '#/components/schemas/NodeKey' }
            Registration:
              type: object
              required: [nodeKey, discoKey]
              properties:
                joinKey: { oneOf: [{ $ref: '#/components/schemas/JoinKeySecret' }, { type: 'null' }] }
                nodeKey: { $ref: '#/components/schemas/NodeKey' }
                discoKey: { $ref: '#/components/schemas/DiscoKey' }
                name: { oneOf: [{ $ref: '#/components/schemas/Name' }, { type: 'null' }] }
                exactName: { type: [boolean, 'null'], description: Whether to refuse rather than append a number to a name that is taken. }
            Registered:
              type: object
              required: [token, node, network, ephemeral]
              properties:
                token: { type: string, pattern: '^cwt_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' }
                node: { $ref: '#/components/schemas/Peer' }
                network: { $ref: '#/components/schemas/NetworkReference' }
                ephemeral: { type: boolean }
                expires: { $ref: '#/components/schemas/Time' }
            KeyRotation:
              type: object
              properties:
                nodeKey: { oneOf: [{ $ref: '#/components/schemas/NodeKey' }, { type: 'null' }] }
                discoKey: { oneOf: [{ $ref: '#/components/schemas/DiscoKey' }, { type: 'null' }] }
            Candidate:
              type: object
              required: [type, endpoint, priority]
              properties:
                type: { enum: [host, server-reflexive, port-mapped, relayed] }
                endpoint: { $ref: '#/components/schemas/Endpoint' }
                priority: { type: integer, minimum: 0, maximum: 4294967295 }
            NewCandidate:
              type: object
              required: [type, endpoint, priority]
              properties:
                type: { enum: [host, server-reflexive, port-mapped, relayed] }
                endpoint: { $ref: '#/components/schemas/ReachableEndpoint' }
                priority: { type: integer, minimum: 0, maximum: 4294967295 }
            CandidateUpdate:
              type: object
              required: [sequence, candidates]
              properties:
                sequence: { type: integer, minimum: 1, maximum: 9007199254740991, description: Larger than in every update before. }
                candidates: { type: array, maxItems: 64, items: { $ref: '#/components/schemas/NewCandidate' } }
                homeRelay: { type: [integer, 'null'], minimum: 0, maximum: 65535 }
                nat: { oneOf: [{ $ref: '#/components/schemas/NATReport' }, { type: 'null' }] }
                paths:
                  oneOf:
                    - { type: array, maxItems: 256, items: { $ref: '#/components/schemas/NewPathReport' } }
                    - { type: 'null' }
            NATReport:
              type: object
              properties:
                mapping: { type: [string, 'null'] }
                filtering: { type: [string, 'null'] }
                portAllocation: { type: [string, 'null'] }
                portStep: { type: [integer, 'null'], minimum: -2147483648, maximum: 2147483647 }
                lowestPort: { type: [integer, 'null'], minimum: 0, maximum: 65535 }
                highestPort: { type: [integer, 'null'], minimum: 0, maximum: 65535 }
                hairpinning: { type: [boolean, 'null'] }
                mappingLifetimeSeconds: { type: [integer, 'null'], minimum: 0, maximum: 4294967295 }
                udpBlocked: { type: [boolean, 'null'] }
                ipv4: { type: [boolean, 'null'] }
                ipv6: { type: [boolean, 'null'] }
                mappedAddress: { type: [string, 'null'], maxLength: 200 }
                portMapping: { type: [string, 'null'], maxLength: 200 }
                searchesPorts: { type: [boolean, 'null'] }
                captivePortal: { type: [boolean, 'null'] }
            PathReport:
              type: object
              required: [peer, state]
              properties:
                peer: { type: integer, format: int64, minimum: -9223372036854775808, maximum: 9223372036854775807 }
                state: { type: string, description: 'direct, relayed or idle; other words count as unknown.' }
                endpoint: { oneOf: [{ $ref: '#/components/schemas/Endpoint' }, { type: 'null' }] }
                latencyMilliseconds: { type: [number, 'null'] }
                since: { oneOf: [{ $ref: '#/components/schemas/Time' }, { type: 'null' }] }
                probesSent: { type: [integer, 'null'], minimum: 0, maximum: 4294967295 }
                reason: { type: [string, 'null'], maxLength: 200 }
            NewPathReport:
              type: object
              required: [peer, state]
              properties:
                peer: { type: integer, format: int64, minimum: -9223372036854775808, maximum: 9223372036854775807 }
                state: { type: string, description: 'direct, relayed or idle; other words count as unknown.' }
                endpoint: { oneOf: [{ $ref: '#/components/schemas/ReachableEndpoint' }, { type: 'null' }] }
                latencyMilliseconds: { type: [number, 'null'] }
                since: { oneOf: [{ $ref: '#/components/schemas/Time' }, { type: 'null' }] }
                probesSent: { type: [integer, 'null'], minimum: 0, maximum: 4294967295 }
                reason: { type: [string, 'null'], maxLength: 200 }
            Peer:
              type: object
              required: [id, name, nodeKey, discoKey, candidates, lastSeen]
              properties:
                id: { type: integer }
                name: { $ref: '#/components/schemas/Name' }
                nodeKey: { $ref: '#/components/schemas/NodeKey' }
                discoKey: { $ref: '#/components/schemas/DiscoKey' }
                candidates: { type: array, items: { $ref: '#/components/schemas/Candidate' } }
                homeRelay: { type: integer }
                nat: { $ref: '#/components/schemas/NATReport' }
                lastSeen: { $ref: '#/components/schemas/Time' }
            RemovedPeer:
              type: object
              required: [id, nodeKey]
              properties:
                id: { type: integer }
                nodeKey: { $ref: '#/components/schemas/NodeKey' }
            PeerList:
              type: object
              required: [eventId, network, self, peers]
              properties:
                eventId: { $ref: '#/components/schemas/EventID' }
                network: { $ref: '#/components/schemas/NetworkReference' }
                self: { $ref: '#/components/schemas/Peer' }
                peers: { type: array, items: { $ref: '#/components/schemas/Peer' } }
            Network:
              type: object
              required: [id, name, created, nodes]
              properties:
                id: { type: integer }
                name: { $ref: '#/components/schemas/Name' }
                created: { $ref: '#/components/schemas/Time' }
                nodes: { type: integer }
            NewJoinKey:
              type: object
              properties:
                network: { type: [string, 'null'], description: A network's name; `default` without it. }
                uses: { type: [integer, 'null'], minimum: 1, maximum: 1000000, description: How many nodes it admits; one without it. }
                reusable: { type: [boolean, 'null'], description: Whether it admits any number of nodes. }
                lifetimeSeconds: { type: [integer, 'null'], minimum: 1, maximum: 315360000 }
                ephemeral: { type: [boolean, 'null'], description: Whether its nodes are removed when gone for 30 minutes. }
                note: { type: [string, 'null'], maxLength: 200 }
              not:
                required: [reusable, uses]
                properties:
                  reusable: { const: true }
                  uses: { type: integer }
            JoinKey:
              type: object
              required: [id, network, state, created, expires, used, ephemeral]
              properties:
                id: { type: integer }
                network: { $ref: '#/components/schemas/NetworkReference' }
                state: { enum: [valid, used, expired, revoked] }
                created: { $ref: '#/components/schemas/Time' }
                expires: { $ref: '#/components/schemas/Time' }
                revoked: { $ref: '#/components/schemas/Time' }
                used: { type: integer }
                uses: { type: integer }
                ephemeral: { type: boolean }
                note: { type: string }
            CreatedJoinKey:
              type: object
              required: [joinKey, secret]
              properties:
                joinKey: { $ref: '#/components/schemas/JoinKey' }
                secret: { $ref: '#/components/schemas/JoinKeySecret' }
                line: { type: string }
            Node:
              type: object
              required: [node, network, created, expired, ephemeral, online]
              properties:
                node: { $ref: '#/components/schemas/Peer' }
                network: { $ref: '#/components/schemas/NetworkReference' }
                created: { $ref: '#/components/schemas/Time' }
                expires: { $ref: '#/components/schemas/Time' }
                expired: { type: boolean }
                ephemeral: { type: boolean }
                online: { type: boolean }
                joinKey: { type: integer }
            NodeChange:
              type: object
              properties:
                name: { oneOf: [{ $ref: '#/components/schemas/Name' }, { type: 'null' }] }
                expires: { oneOf: [{ $ref: '#/components/schemas/Time' }, { type: 'null' }] }
                neverExpires: { type: [boolean, 'null'] }
            PairSide:
              type: object
              required: [id, name]
              properties:
                id: { type: integer }
                name: { $ref: '#/components/schemas/Name' }
                nat: { $ref: '#/components/schemas/NATReport' }
                path: { $ref: '#/components/schemas/PathReport' }
            PairList:
              type: object
              required: [pairs, truncated]
              properties:
                truncated: { type: boolean }
                pairs:
                  type: array
                  items:
                    type: object
                    required: [network, first, second, state]
                    properties:
                      network: { $ref: '#/components/schemas/NetworkReference' }
                      first: { $ref: '#/components/schemas/PairSide' }
                      second: { $ref: '#/components/schemas/PairSide' }
                      state: { enum: [direct, relayed, idle, unknown] }
                      why: { type: string }
            AuditEntry:
              type: object
              required: [id, time, actor, action, subject, detail]
              properties:
                id: { type: integer }
                time: { $ref: '#/components/schemas/Time' }
                actor: { type: string }
                action: { type: string }
                subject: { type: string }
                detail: { type: string }
                source: { type: string }

        """
}

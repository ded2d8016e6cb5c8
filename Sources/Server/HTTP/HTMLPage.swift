internal import CryptoBox
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// A page of HTML that needs nothing from elsewhere: one style, no scripts, readable by day and by night.
struct HTMLPage: Sendable {
    private let title: String
    /// Seconds after which a browser asks again; nil for never.
    private let refreshSeconds: Int?
    private var body = ""

    init(title: String, refreshSeconds: Int? = nil) {
        self.title = title
        self.refreshSeconds = refreshSeconds
    }

    /// One cell of a table.
    struct Cell {
        let text: String
        /// The class of its style: `n` for a number, `good`, `fair` and `dim` for words.
        let style: String?

        init(_ text: String, _ style: String? = nil) {
            self.text = text
            self.style = style
        }

        static func number(_ text: String) -> Cell { Cell(text, "n") }
    }

    // MARK: - Writing

    mutating func addHeading(_ text: String, level: Int = 2) {
        body += "<h\(level)>\(Self.escape(text))</h\(level)>\n"
    }

    mutating func addParagraph(_ text: String) {
        body += "<p>\(Self.escape(text))</p>\n"
    }

    mutating func addLinks(_ links: [(text: String, path: String)]) {
        let anchors = links.map { "<a href=\"\(Self.escape($0.path))\">\(Self.escape($0.text))</a>" }
        body += "<p class=\"links\">\(anchors.joined(separator: " "))</p>\n"
    }

    /// Names with their values, side by side.
    mutating func addFacts(_ facts: [(name: String, value: String)]) {
        let items = facts.map { "<div><dt>\(Self.escape($0.name))</dt><dd>\(Self.escape($0.value))</dd></div>" }
        body += "<dl>\n\(items.joined(separator: "\n"))\n</dl>\n"
    }

    mutating func addTable(_ header: [Cell], _ rows: [[Cell]]) {
        body += "<div class=\"wide\"><table>\n<thead>\(Self.row(header, "th"))</thead>\n<tbody>\n"
        body += rows.map { Self.row($0, "td") }.joined(separator: "\n")
        body += "\n</tbody></table></div>\n"
    }

    private static func row(_ cells: [Cell], _ element: String) -> String {
        let cells = cells.map { cell in
            "<\(element)\(cell.style.map { " class=\"\(escape($0))\"" } ?? "")>\(escape(cell.text))</\(element)>"
        }
        return "<tr>\(cells.joined())</tr>"
    }

    static func escape(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: String(character)
            }
        }.joined()
    }

    // MARK: - The document

    var html: String {
        let refresh = refreshSeconds.map { "<meta http-equiv=\"refresh\" content=\"\($0)\">" } ?? ""
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Self.escape(title))</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">\(refresh)
            <style>\(Self.style)</style></head>
            <body><main>
            \(body)</main></body></html>

            """
    }

    /// The page as an answer: a browser loads nothing else for it, runs nothing in it and shows it in no other page.
    var response: Response {
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"]
        let fields = [
            ("Content-Security-Policy", Self.policy), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ]
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }

    /// The style's own digest lets it in, and nothing else (Content Security Policy Level 3 §8.5).
    private static let policy =
        "default-src 'none'; style-src 'sha256-\(Data(Digest.sha256(Array(style.utf8))).base64EncodedString())'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static let style = """

        :root{color-scheme:light dark;--ink:#1c2430;--dim:#5d6878;--paper:#f6f7f9;--card:#fff;--line:#dde1e7;--accent:#0b62b8;\
        --good:#12703a;--fair:#8a5a00}
        @media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--dim:#98a3b3;--paper:#12161c;--card:#1a2029;--line:#2c3541;\
        --accent:#6db3ff;--good:#63d391;--fair:#e9b44c}}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
        main{max-width:72rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
        h1{font-size:1.5rem;margin:.5rem 0 1rem}
        h2{font-size:1.05rem;margin:2rem 0 .5rem}
        a{color:var(--accent)}
        .links a{margin-right:1rem}
        dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.6rem;margin:0}
        dl div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
        dt{color:var(--dim);font-size:.8rem}
        dd{margin:0;overflow-wrap:anywhere}
        .wide{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:.35rem .8rem;border-top:1px solid var(--line);vertical-align:top;white-space:nowrap}
        thead th{border-top:0;color:var(--dim);font-weight:500;font-size:.8rem}
        td.why{white-space:normal;min-width:16rem}
        .n{text-align:right}
        td.good{color:var(--good)}
        td.fair{color:var(--fair)}
        td.dim{color:var(--dim)}

        """
}

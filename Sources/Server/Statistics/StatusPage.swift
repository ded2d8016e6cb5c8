/// The status page of the operator's listener: one table, no scripts, nothing from elsewhere.
enum StatusPage {
    static func html(_ report: StatisticsReport) -> String {
        let rows = report.summary.map { "<tr><th>\(escape($0.name))</th><td>\(escape($0.value))</td></tr>" }.joined(
            separator: "\n")
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>Causeway</title>
            <style>body{font:16px system-ui;margin:2em}th{text-align:left;padding-right:2em;font-weight:500}</style></head>
            <body><h1>Causeway</h1><table>
            \(rows)
            </table><p><a href="/stats">stats</a> <a href="/stats/connections">connections</a> <a href="/metrics">metrics</a></p>
            </body></html>

            """
    }

    static func escape(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            default: String(character)
            }
        }.joined()
    }
}

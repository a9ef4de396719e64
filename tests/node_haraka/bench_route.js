// Haraka's outbound mail goes to the host and port of the first line of config/bench_route, and
// waits there for as long as config/bench_hold exists.
'use strict'

const fs = require('node:fs')
const path = require('node:path')

const LOOK_AGAIN_MS = 20

exports.register = function () {
    const [host, port] = this.config.get('bench_route').split(':')
    const hold = path.join(process.env.HARAKA, 'config', 'bench_hold')
    const route = { priority: 0, exchange: host, port: Number(port) }
    this.let_go = (next) => {
        if (fs.existsSync(hold)) {
            setTimeout(() => this.let_go(next), LOOK_AGAIN_MS)
        } else {
            next(OK, route)
        }
    }
}

exports.hook_get_mx = function (next) {
    this.let_go(next)
}

exports.hook_rcpt = function (next, connection) {
    connection.relaying = true
    next(OK)
}

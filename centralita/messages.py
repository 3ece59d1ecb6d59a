"""What the command says, in Spanish and in English.

Owns: every sentence that `centralita` prints. Must not: print. The two languages have the same keys and the same
placeholders: tests/cli/test_messages.py.
"""

import os
from collections.abc import Mapping
from typing import Final

from models.settings import LANGUAGES

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # -- --help --------------------------------------------------------------------------------------------------------
    "help": (
        "Centralita: un CRM de call center que trae su propia central telefónica.",
        "Centralita: a call-center CRM that carries its own telephone switch.",
    ),
    "help_up": (
        "Arranca todo y lo vigila, hasta Ctrl-C o SIGTERM.",
        "Start everything and watch over it, until Ctrl-C or SIGTERM.",
    ),
    "help_demo_call": (
        "Llama como un cliente simulado, a través de la central de verdad.",
        "Call as a simulated customer, through the real switch.",
    ),
    "help_number": (
        "El número que se marca; si falta, uno de demostración.",
        "The number to dial; if none, a demo one.",
    ),
    "help_caller": ("El número desde el que parece llamar.", "The number it seems to come from."),
    "help_anyway": ("Llamar aunque no haya agente disponible.", "Call even if no agent is available."),
    "help_doctor": (
        "Revisa cada parte, dice qué anda mal y cómo arreglarlo.",
        "Check each part, say what is wrong and how to mend it.",
    ),
    "help_json": ("Para máquinas: una lista de revisiones.", "For machines: a list of checks."),
    "help_version": ("Dice qué versión es.", "Say which version this is."),
    # -- up: before the start ------------------------------------------------------------------------------------------
    "settings_wrong": ("Configuración incorrecta:", "Wrong settings:"),
    "settings_where": (
        "Cada ajuste está descrito en docs/settings.md.",
        "Each setting is described in docs/settings.md.",
    ),
    "data_dir_bad": (
        "No se puede escribir en la carpeta de datos {path}: {why}. Cambie sus permisos o CENTRALITA_DATA_DIR.",
        "The data folder {path} cannot be written: {why}. Change its rights or CENTRALITA_DATA_DIR.",
    ),
    "secrets_bad": ("Los secretos no se pueden usar: {why}", "The secrets cannot be used: {why}"),
    "already_running": (
        "Centralita ya está en marcha con la carpeta {path} (proceso {pid}). Deténgala con Ctrl-C donde se inició, o "
        "con: kill {pid}",
        "Centralita is already running on {path} (process {pid}). Stop it with Ctrl-C where it was started, or with: "
        "kill {pid}",
    ),
    "leftovers": (
        "Se detuvo lo que dejó un arranque anterior: {names}",
        "Stopped what an earlier run had left: {names}",
    ),
    "port_taken": (
        "El puerto {protocol} {port} de {address} está ocupado por otro programa. Libérelo o cambie {setting}.",
        "{protocol} port {port} on {address} is taken by another program. Free it or change {setting}.",
    ),
    "port_address": (
        "{address} no es una dirección de esta máquina ({setting}, puerto {protocol} {port}).",
        "{address} is not an address of this machine ({setting}, {protocol} port {port}).",
    ),
    "port_forbidden": (
        "No hay permiso para abrir el puerto {protocol} {port} de {address}: use uno de 1024 o más en {setting}.",
        "No right to open {protocol} port {port} on {address}: use one of 1024 or above in {setting}.",
    ),
    "port_other": (
        "El puerto {protocol} {port} de {address} ({setting}) no se puede abrir: {reason}",
        "{protocol} port {port} on {address} ({setting}) cannot be opened: {reason}",
    ),
    "certificate_bad": (
        "El certificado no sirve: {why}. Revise CENTRALITA_TLS_CERT_FILE y CENTRALITA_TLS_KEY_FILE (docs/tls.md).",
        "The certificate is of no use: {why}. See CENTRALITA_TLS_CERT_FILE and CENTRALITA_TLS_KEY_FILE (docs/tls.md).",
    ),
    "certificate_made": ("Certificado propio creado, vale hasta {day}", "Own certificate made, good until {day}"),
    "certificate_renewed": (
        "Certificado propio renovado, vale hasta {day}",
        "Own certificate renewed, good until {day}",
    ),
    "asterisk_missing": ("No hay un Asterisk que usar: {why}", "There is no Asterisk to use: {why}"),
    "asterisk_conf_bad": (
        "No se pudo escribir la configuración de Asterisk: {why}",
        "Asterisk's configuration could not be written: {why}",
    ),
    "asterisk_search": ("Buscando Asterisk", "Looking for Asterisk"),
    "fetch_lists": ("Leyendo las listas de paquetes", "Reading the package lists"),
    "fetch_download": ("Descargando Asterisk", "Downloading Asterisk"),
    "fetch_unpack": ("Desempacando Asterisk", "Unpacking Asterisk"),
    "fetch_prompts": ("Descargando las locuciones en español", "Fetching the Spanish prompts"),
    "fetch_wait": (
        "Otro proceso está descargando Asterisk; se espera",
        "Another process is fetching Asterisk; waiting",
    ),
    "asterisk_found": ("Asterisk {version} ({origin})", "Asterisk {version} ({origin})"),
    "origin_embedded": ("incluido", "embedded"),
    "origin_installed": ("instalado en la máquina", "installed on the machine"),
    "database_bad": ("La base de datos no se puede usar: {why}", "The database cannot be used: {why}"),
    "database_made": ("Base de datos creada", "Database created"),
    "database_migrated": (
        "Base de datos actualizada ({count} cambios)",
        "Database brought up to date ({count} changes)",
    ),
    "demo_filled": ("Cuenta de demostración creada", "Demonstration account made"),
    # -- up: running ---------------------------------------------------------------------------------------------------
    "program_asterisk": ("central Asterisk", "Asterisk switch"),
    "program_engine": ("motor", "engine"),
    "program_agi": ("guiones AGI", "AGI scripts"),
    "program_web": ("web", "web"),
    "program_jobs": ("trabajos", "jobs"),
    "again_ready": ("{name}: lista de nuevo en {seconds} s", "{name}: ready again after {seconds} s"),
    "not_ready": (
        "{name}: no responde como debe ({waiting_for}). Detalles: {log}",
        "{name}: does not answer as it should ({waiting_for}). Details: {log}",
    ),
    "died": ("{name}: terminó ({how}); se reinicia ahora", "{name}: ended ({how}); starting it again now"),
    "died_for_good": ("{name}: terminó ({how})", "{name}: ended ({how})"),
    "died_wait": (
        "{name}: terminó ({how}); se reinicia en {seconds} s",
        "{name}: ended ({how}); starting it again in {seconds} s",
    ),
    "how_signal": ("señal {signal}", "signal {signal}"),
    "how_code": ("código {code}", "status {code}"),
    "gave_up": (
        "{name}: terminó {deaths} veces seguidas apenas arrancaba. Lo demás sigue en marcha; se intentará de nuevo "
        "cada {seconds} s. La causa suele estar al final de {log}; luego ejecute: centralita doctor",
        "{name}: ended {deaths} times in a row just after its start. Everything else goes on; it will be tried again "
        "every {seconds} s. The cause is usually at the end of {log}; then run: centralita doctor",
    ),
    "start_died": (
        "{name}: no arranca, terminó {deaths} veces seguidas. Final de {log}:",
        "{name}: does not start, it ended {deaths} times in a row. End of {log}:",
    ),
    "start_late": (
        "{name}: no quedó lista en {seconds} s ({waiting_for}). Final de {log}:",
        "{name}: was not ready within {seconds} s ({waiting_for}). End of {log}:",
    ),
    "start_failed": (
        "Centralita no arrancó. Para ver qué falta: centralita doctor",
        "Centralita did not start. To see what is missing: centralita doctor",
    ),
    "ready_in": ("Centralita está lista ({seconds} s)", "Centralita is ready ({seconds} s)"),
    "address_web": ("Administración", "Administration"),
    "address_desk": ("Escritorio del agente", "Agent's desk"),
    "address_sip": ("SIP (troncal y teléfonos)", "SIP (trunk and phones)"),
    "address_authority": ("Autoridad para los navegadores", "Authority for the browsers"),
    "address_logs": ("Registros", "Logs"),
    "logins": ("Accesos de demostración", "Demonstration logins"),
    "login_role": ("Papel", "Role"),
    "login_email": ("Usuario", "User"),
    "login_password": ("Contraseña", "Password"),
    "logins_kept": ("Guardados en {path}", "Kept in {path}"),
    "role_administrator": ("administrador", "administrator"),
    "role_supervisor": ("supervisor", "supervisor"),
    "role_agent": ("agente", "agent"),
    "invitation": (
        "Primer administrador: abra {address} y elija su contraseña (vale siete días)",
        "First administrator: open {address} and choose your password (good for seven days)",
    ),
    "next_demo": (
        "Ahora: entre como agente en {address}, y en otra terminal ejecute [bold]{command}[/]",
        "Now: log in as an agent at {address}, and in another terminal run [bold]{command}[/]",
    ),
    "next_real": (
        "Ahora: entre como administrador y cree agentes y call centers (docs/operate.md).",
        "Now: log in as administrator and make agents and call centers (docs/operate.md).",
    ),
    "how_to_stop": ("Para detener: Ctrl-C", "To stop: Ctrl-C"),
    "stopping": ("Deteniendo (Ctrl-C otra vez: sin esperar)", "Stopping (Ctrl-C again: without waiting)"),
    "stop_killed": ("{name}: no terminó a tiempo y se cortó", "{name}: did not end in time and was killed"),
    "stopped": ("Centralita se detuvo", "Centralita has stopped"),
    "lines_dropped": ("(… {count} líneas más, en los registros)", "(… {count} more lines, in the logs)"),
    "log_failed": ("Los registros no se pueden rotar: {why}", "The logs cannot be rotated: {why}"),
    # -- demo-call -----------------------------------------------------------------------------------------------------
    "engine_away": (
        "El motor no responde en el puerto {port}. Inicie Centralita con [bold]centralita up[/] (o make run); si está "
        "en marcha, ejecute [bold]centralita doctor[/].",
        "The engine does not answer on port {port}. Start Centralita with [bold]centralita up[/] (or make run); if it "
        "runs, use [bold]centralita doctor[/].",
    ),
    "switch_away": (
        "El motor está en marcha pero no tiene conexión con Asterisk. Ejecute [bold]centralita doctor[/].",
        "The engine runs but has no connection to Asterisk. Use [bold]centralita doctor[/].",
    ),
    "demo_off": (
        "Las llamadas de demostración están apagadas: ponga CENTRALITA_DEMO=true y reinicie.",
        "Demonstration calls are off: set CENTRALITA_DEMO=true and restart.",
    ),
    "bad_number": ("{number} no es un número que se pueda marcar.", "{number} is not a number that can be dialled."),
    "no_agent": (
        "Ningún agente está disponible en su escritorio. Entre como agente en {address}{login} y repita la llamada. "
        "(Para llamar igual: --anyway)",
        "No agent is available at the desk. Log in as an agent at {address}{login} and call again. (To call all the "
        "same: --anyway)",
    ),
    "no_agent_login": (" ({email} / {password})", " ({email} / {password})"),
    "calling": ("Llamando de {caller} a {number} …", "Calling from {caller} to {number} …"),
    "demo_refused": ("La llamada no se pudo hacer: {why}", "The call could not be made: {why}"),
    "phase_seen": ("{seconds} s  {phase}{center}{agent}", "{seconds} s  {phase}{center}{agent}"),
    "phase_offered": ("entró al call center", "offered to the call center"),
    "phase_ringing": ("timbrando", "ringing"),
    "phase_alerting": ("timbrando", "ringing"),
    "phase_talking": ("conversando", "talking"),
    "phase_waiting": ("esperando a un agente", "waiting for an agent"),
    "phase_announcing": ("oyendo un mensaje", "hearing a message"),
    "phase_clearing": ("terminando", "ending"),
    "phase_ended": ("terminó", "ended"),
    "with_agent": (", agente {agent}", ", agent {agent}"),
    "demo_over": (
        "La llamada terminó después de {seconds} s. Está en el Historial de llamadas: {address}",
        "The call ended after {seconds} s. It stands in the call history: {address}",
    ),
    "demo_never_seen": (
        "La llamada no llegó al motor en {seconds} s. Ejecute [bold]centralita doctor[/].",
        "The call did not reach the engine within {seconds} s. Use [bold]centralita doctor[/].",
    ),
    "demo_still": (
        "La llamada sigue en curso; se deja de mirar después de {seconds} s.",
        "The call goes on; no longer watched after {seconds} s.",
    ),
    # -- doctor --------------------------------------------------------------------------------------------------------
    "doctor_ok": ("Todo está bien.", "All is well."),
    "doctor_problems": ("Por arreglar: {count}", "To mend: {count}"),
    "doctor_mend": ("→ {text}", "→ {text}"),
    "check_python": ("Python", "Python"),
    "check_settings": ("Configuración", "Settings"),
    "check_data_dir": ("Carpeta de datos", "Data folder"),
    "check_recordings": ("Grabaciones", "Recordings"),
    "check_disk": ("Espacio en disco", "Disk space"),
    "check_database": ("Base de datos", "Database"),
    "check_up": ("Centralita en marcha", "Centralita running"),
    "check_asterisk": ("Asterisk", "Asterisk"),
    "check_prompts": ("Locuciones en español", "Spanish prompts"),
    "check_ari": ("ARI", "ARI"),
    "check_sip": ("Puerto SIP", "SIP port"),
    "check_trunk": ("Troncal", "Trunk"),
    "check_engine": ("Motor", "Engine"),
    "check_breaker": ("Freno contra fraude", "Fraud breaker"),
    "check_routing": ("Tabla de enrutamiento", "Routing snapshot"),
    "check_agi": ("Guiones AGI", "AGI scripts"),
    "check_web": ("Web", "Web"),
    "check_desk": ("Websocket de los escritorios", "Desks' websocket"),
    "check_clock": ("Reloj", "Clock"),
    "python_bad": ("versión {version}; hace falta 3.11 o más", "version {version}; 3.11 or later is needed"),
    "python_mend": (
        "Instale Python 3.11 o más y vuelva a crear .venv (make clean run).",
        "Install Python 3.11 or later and make .venv again (make clean run).",
    ),
    "settings_ok": ("todas reconocidas", "all known"),
    "data_dir_ok": ("{path}", "{path}"),
    "data_dir_open": (
        "{path}: otros usuarios de la máquina pueden leer {what}",
        "{path}: other users of the machine can read {what}",
    ),
    "data_dir_open_mend": ("chmod {mode} {what}", "chmod {mode} {what}"),
    "data_dir_none": ("{path} no existe todavía", "{path} does not exist yet"),
    "data_dir_none_mend": ("La crea centralita up (o make run).", "centralita up (or make run) makes it."),
    "data_dir_mend": (
        "Dé a este usuario permiso de escritura sobre la carpeta, o cambie CENTRALITA_DATA_DIR.",
        "Give this user the right to write to the folder, or change CENTRALITA_DATA_DIR.",
    ),
    "not_writable": ("{path}: no se puede escribir", "{path}: cannot be written"),
    "recordings_ok": (
        "hay sitio: {free} MB libres, se piden {least}",
        "there is space: {free} MB free, {least} are asked for",
    ),
    "recordings_bad": (
        "no se graba ninguna conversación: {free} MB libres, se piden {least}",
        "no conversation is recorded: {free} MB free, {least} are asked for",
    ),
    "recordings_mend": (
        "Libere disco, conserve las grabaciones menos días (CallCenters) o baje CENTRALITA_RECORDING_MIN_FREE_MB.",
        "Free some disk, keep recordings for fewer days (CallCenters), or lower CENTRALITA_RECORDING_MIN_FREE_MB.",
    ),
    "disk_free": ("{free} MB libres", "{free} MB free"),
    "disk_mend": (
        "Libere espacio: por debajo de {least} MB la base de datos y los registros pueden dejar de escribirse.",
        "Free some space: below {least} MB the database and the logs may no longer be written.",
    ),
    "database_ok": ("{kind}, esquema al día", "{kind}, schema current"),
    "database_none": ("{path} no existe todavía", "{path} does not exist yet"),
    "database_behind": ("faltan {count} migraciones", "{count} migrations are missing"),
    "database_behind_mend": (
        "Reinicie centralita up: las aplica al arrancar.",
        "Restart centralita up: it applies them.",
    ),
    "database_mend": (
        "Revise CENTRALITA_DATABASE_URL y que el servidor esté en marcha y acepte al usuario.",
        "Check CENTRALITA_DATABASE_URL, and that the server runs and accepts the user.",
    ),
    "up_ok": ("proceso {pid}", "process {pid}"),
    "up_bad": ("no está en marcha", "not running"),
    "up_mend": ("Inicie con centralita up (o make run).", "Start with centralita up (or make run)."),
    "asterisk_ok": ("{version}, {origin}", "{version}, {origin}"),
    "asterisk_absent": ("no se ha descargado todavía", "not fetched yet"),
    "asterisk_absent_mend": (
        "centralita up lo descarga al arrancar; o dé uno instalado con CENTRALITA_ASTERISK.",
        "centralita up fetches it at its start; or name an installed one in CENTRALITA_ASTERISK.",
    ),
    "asterisk_old": (
        "{path} no sirve: hace falta 20.14+, 21.9+ o 22.4+, hay {banner}",
        "{path} will not do: 20.14+, 21.9+ or 22.4+ is needed, there is {banner}",
    ),
    "asterisk_old_mend": (
        "Cambie CENTRALITA_ASTERISK, o quítelo para usar el incluido.",
        "Change CENTRALITA_ASTERISK, or remove it to use the embedded one.",
    ),
    "prompts_ok": ("{count} archivos", "{count} files"),
    "prompts_bad": ("faltan: {names}", "missing: {names}"),
    "prompts_mend": (
        "Borre {path} y ejecute centralita up: se descargan de nuevo.",
        "Remove {path} and run centralita up: they are fetched again.",
    ),
    "ari_ok": ("responde en {ms} ms", "answers in {ms} ms"),
    "ari_denied": ("rechaza la contraseña (código {status})", "refuses the password (status {status})"),
    "ari_denied_mend": (
        "En el puerto {port} atiende otro Asterisk: deténgalo o cambie CENTRALITA_ARI_PORT; luego reinicie.",
        "Another Asterisk serves port {port}: stop it or change CENTRALITA_ARI_PORT; then restart.",
    ),
    "no_answer": ("no responde: {why}", "no answer: {why}"),
    "sip_ok": ("UDP {address}:{port} atiende", "UDP {address}:{port} is served"),
    "sip_bad": ("nadie contesta a OPTIONS en UDP {address}:{port}", "nobody answers OPTIONS on UDP {address}:{port}"),
    "sip_mend": (
        "Revise CENTRALITA_SIP_ADDRESS y CENTRALITA_SIP_PORT, que ningún otro programa use el puerto, y {log}.",
        "Check CENTRALITA_SIP_ADDRESS and CENTRALITA_SIP_PORT, that no other program uses the port, and {log}.",
    ),
    "trunk_ok": ("se aceptan llamadas de {addresses}", "calls are accepted from {addresses}"),
    "trunk_bad": ("Asterisk no conoce {endpoint}", "Asterisk does not know {endpoint}"),
    "trunk_mend": (
        "Reinicie centralita up: la configuración se escribe al arrancar.",
        "Restart centralita up: the configuration is written at its start.",
    ),
    "engine_ok": ("{calls} llamadas, {desks} escritorios", "{calls} calls, {desks} desks"),
    "engine_no_switch": ("en marcha, sin conexión con Asterisk", "runs, without a connection to Asterisk"),
    "engine_no_database": (
        "en marcha; {journal} registros esperan a la base de datos",
        "runs; {journal} records wait for the database",
    ),
    "engine_no_routing": ("en marcha, sin tabla de enrutamiento", "runs, without a routing snapshot"),
    "breaker_ok": ("nadie está detenido", "nobody is stopped"),
    "breaker_account": (
        "detuvo las llamadas salientes de toda la cuenta; las de emergencia pasan",
        "stopped the whole account's outgoing calls; emergency calls pass",
    ),
    "breaker_agents": (
        "detuvo las llamadas salientes de agentes: {count}; las de emergencia pasan",
        "stopped agents' outgoing calls: {count}; emergency calls pass",
    ),
    "breaker_mend": (
        "En la web, «Destinos»: vea qué llamadas fueron (Historial de llamadas) y libere.",
        "In the web, “Destinos”: see which calls it was (Historial de llamadas), then release it.",
    ),
    "not_ours": ("en su puerto atiende otro programa (código {status})", "another program serves its port ({status})"),
    "look_mend": (
        "Mire el final de {log}; luego reinicie centralita up.",
        "Look at the end of {log}; then restart centralita up.",
    ),
    "engine_database_mend": (
        "Nada se pierde: se escriben cuando la base de datos vuelva. Vea la línea «Base de datos».",
        "Nothing is lost: they are kept on disk and written when the database is back. See the line “Database”.",
    ),
    "routing_ok": (
        "válida: {centers} call centers, {agents} agentes",
        "valid: {centers} call centers, {agents} agents",
    ),
    "routing_bad": ("no es válida: {problems}", "not valid: {problems}"),
    "routing_mend": (
        "Corrija esos call centers en la administración; mientras tanto vale la anterior.",
        "Mend those call centers in the administration; until then the former one holds.",
    ),
    "agi_bad": ("en el puerto {port} atiende otro programa", "another program serves port {port}"),
    "agi_mend": (
        "Deténgalo o cambie CENTRALITA_AGI_PORT; luego reinicie centralita up.",
        "Stop it or change CENTRALITA_AGI_PORT; then restart centralita up.",
    ),
    "web_ok": ("{address}", "{address}"),
    "web_bad": ("responde con el código {status}", "answers with status {status}"),
    "desk_ok": ("puerto {port} atiende", "port {port} is served"),
    "desk_mend": (
        "Lo abre el motor: mire su línea, y que nadie más use CENTRALITA_DESK_PORT.",
        "The engine opens it: see its line, and that nobody else uses CENTRALITA_DESK_PORT.",
    ),
    "clock_ok": ("sincronizado", "synchronised"),
    "clock_unknown": ("{now} (no se sabe si está sincronizado)", "{now} (not known to be synchronised)"),
    "clock_bad": ("{now}: no está sincronizado", "{now}: not synchronised"),
    "clock_past": ("{now}: está en el pasado", "{now}: is in the past"),
    "clock_mend": (
        "Las horas del historial y los tokens dependen del reloj: active la sincronización (timedatectl set-ntp true).",
        "The history's times and the tokens depend on the clock: switch synchronisation on (timedatectl set-ntp true).",
    ),
    "check_certificate": ("Certificado", "Certificate"),
    "certificate_off": ("sin TLS (CENTRALITA_TLS)", "no TLS (CENTRALITA_TLS)"),
    "certificate_to_be_made": ("se crea al arrancar", "made at the start"),
    "certificate_ok": ("vale hasta {day}", "good until {day}"),
    "certificate_soon": ("vale hasta {day}: quedan {days} días", "good until {day}: {days} days are left"),
    "certificate_over": ("venció el {day}", "ended on {day}"),
    "certificate_mend": (
        "Renuévelo; el propio se renueva al arrancar Centralita. Vea docs/tls.md.",
        "Renew it; the own one is renewed when Centralita starts. See docs/tls.md.",
    ),
    "skipped": ("no se puede ver mientras falte: {needs}", "cannot be seen while this is missing: {needs}"),
}


class Words:
    """The sentences of one language. `words("died", name=…)`."""

    def __init__(self, language: str) -> None:
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        return TEXTS[key][self._column].format(**values)

    def known(self, key: str) -> bool:
        return key in TEXTS


def language_before_settings() -> str:
    """The language to complain in when the settings themselves are wrong."""
    wanted = os.environ.get("CENTRALITA_LANGUAGE", "").strip().lower()
    return wanted if wanted in LANGUAGES else LANGUAGES[0]

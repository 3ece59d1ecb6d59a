"""The words of the demonstration's tickets, messages and what callers left. All of it is invented.

Owns: constants. Must not: touch a database (`models.demo_rooms`).
"""

from dataclasses import dataclass
from typing import Final

from models.tables.tickets import TicketPriority as Priority
from models.tables.tickets import TicketState as State
from models.values.sms import FailureReason
from models.values.sms import MessageState as Sms

SUPPORT: Final = "Soporte Técnico Teslín"
SALES: Final = "Ventas Café del Monte"
CLINIC: Final = "Clínica Dental Sonrisa"
GENERAL: Final = "Línea General"
SUPERVISOR: Final = "8330100"
LUCIA: Final = "8330101"
JOSE: Final = "8330102"
MARIA: Final = "8330103"
ANDRES: Final = "8330104"
SOFIA: Final = "8330105"
IVAN: Final = "8330106"


@dataclass(frozen=True, slots=True)
class Said:
    """`by`: an endpoint."""

    by: str
    text: str
    internal: bool = True


@dataclass(frozen=True, slots=True)
class TicketPlan:
    """`given`: an endpoint, a group's name, or nobody yet. `due`: in hours from now. `unread`: new to Lucía."""

    center: str
    subject: str
    text: str
    state: State = State.OPEN
    priority: Priority = Priority.NORMAL
    given: str = LUCIA
    due: float | None = None
    thread: tuple[Said, ...] = ()
    document: str = ""
    file: tuple[str, str] | None = None
    unread: bool = False


TICKETS: Final = (
    TicketPlan(
        SUPPORT,
        "Internet intermitente desde el lunes",
        "El servicio se cae cada dos o tres horas y vuelve solo. Ya reinició el equipo dos veces. Trabaja desde la "
        "casa y pide que se atienda hoy.",
        priority=Priority.URGENT,
        due=-26,
        thread=(
            Said(LUCIA, "Se pidió la medición remota: la señal llega baja al equipo."),
            Said(SUPERVISOR, "Si no mejora con el cambio de canal, que vaya la cuadrilla hoy mismo."),
            Said(LUCIA, "Se le avisó que un técnico llamará antes de ir.", internal=False),
        ),
        file=(
            "medicion.txt",
            "Medición remota\n\nSeñal de bajada: -12,4 dBmV\nSeñal de subida: 51,0 dBmV\nPérdidas: 4,2 %\n",
        ),
    ),
    TicketPlan(
        SUPPORT,
        "Cambiar el equipo por uno de doble banda",
        "En el segundo piso no llega la señal. Acepta el costo del equipo nuevo en la próxima factura.",
        given=ANDRES,
        due=20,
        thread=(Said(ANDRES, "Hay tres equipos en bodega; se aparta uno."),),
    ),
    TicketPlan(
        SUPPORT,
        "Visita técnica: cable dañado por la poda",
        "La cuadrilla de la municipalidad cortó el cable al podar. Hay que reponer unos treinta metros.",
        state=State.PENDING,
        priority=Priority.HIGH,
        given="Especialistas",
        due=30,
        thread=(
            Said(JOSE, "La cuadrilla confirma que puede ir mañana en la tarde."),
            Said(JOSE, "Está de acuerdo con la hora.", internal=False),
        ),
    ),
    TicketPlan(
        SUPPORT,
        "No le llegan los correos con la factura",
        "Desde hace dos meses no recibe la factura. El correo estaba mal escrito.",
        state=State.SOLVED,
        priority=Priority.LOW,
        thread=(
            Said(LUCIA, "Se corrigió el correo y se reenviaron las dos facturas.", internal=False),
            Said(LUCIA, "Confirmó por teléfono que ya las tiene."),
        ),
    ),
    TicketPlan(
        SALES,
        "Cotización para 40 kg de tueste oscuro",
        "Abre una cafetería en enero. Quiere el precio por volumen, entrega quincenal y si se le presta el molino.",
        priority=Priority.HIGH,
        given=MARIA,
        due=5,
        thread=(
            Said(MARIA, "Se le envió la lista de precios mientras sale la cotización.", internal=False),
            Said(SOFIA, "El molino se presta con contrato de un año."),
        ),
        document="lista-de-precios.csv",
    ),
    TicketPlan(
        SALES,
        "Pedido incompleto: faltaron dos bolsas",
        "Pidió seis bolsas de tueste medio y le llegaron cuatro. Tiene la foto de la caja.",
        given="Ventas",
        due=-3,
        thread=(Said(IVAN, "En bodega aparecen las dos bolsas sin despachar."),),
        unread=True,
    ),
    TicketPlan(
        SALES,
        "Factura cobrada dos veces",
        "En el estado de cuenta la compra del mes aparece dos veces con la misma fecha.",
        state=State.PENDING,
        priority=Priority.HIGH,
        thread=(
            Said(LUCIA, "Contabilidad pide el estado de cuenta."),
            Said(LUCIA, "Se le pidió por correo.", internal=False),
        ),
    ),
    TicketPlan(
        SALES,
        "Degustación en la feria del agricultor",
        "Pregunta si podemos llevar muestras a la feria del sábado. Son unas doscientas personas.",
        state=State.SOLVED,
        given=SOFIA,
        thread=(Said(SOFIA, "Se llevaron 5 kg; quedaron interesados en la lista de precios."),),
    ),
    TicketPlan(
        CLINIC,
        "Mover la cita de control a otro día",
        "Sale de viaje y necesita pasar el control a la otra semana, en la mañana.",
        due=3,
        thread=(Said(LUCIA, "Quedan campos el martes 9:30 y el jueves 8:00. Falta que escoja."),),
    ),
    TicketPlan(
        CLINIC,
        "Presupuesto de ortodoncia para dos hijos",
        "Pide el presupuesto por escrito con el plan de pagos, y si hay descuento por hermanos.",
        state=State.PENDING,
        given="Primera línea",
        due=72,
        thread=(Said(MARIA, "La doctora lo revisa el viernes."),),
        unread=True,
    ),
    TicketPlan(
        CLINIC,
        "Dolor después de la extracción",
        "Le hicieron la extracción hace dos días y sigue con dolor. Se le recomendó seguir con la medicación.",
        state=State.SOLVED,
        priority=Priority.URGENT,
        thread=(
            Said(SUPERVISOR, "Que la doctora le atienda hoy."),
            Said(LUCIA, "Se le atendió a las 16:00. Todo bien."),
        ),
    ),
    TicketPlan(
        GENERAL,
        "Quiere hablar con la gerencia",
        "No quiso decir el asunto. Prefiere que le llamen en la mañana.",
        priority=Priority.LOW,
        given="",
        due=48,
    ),
    TicketPlan(
        GENERAL,
        "Actualizar los datos de la compañía",
        "Cambiaron de razón social y de cédula jurídica. Enviará el documento.",
        state=State.PENDING,
        given=JOSE,
        thread=(Said(JOSE, "Documento recibido; falta que Contabilidad lo apruebe."),),
    ),
    TicketPlan(
        GENERAL,
        "Felicitación para Sofía",
        "Llamó solo para agradecer lo rápido que se resolvió su caso. Pide que lo sepa su jefatura.",
        state=State.SOLVED,
        priority=Priority.LOW,
        given=SUPERVISOR,
        thread=(Said(SUPERVISOR, "Se leyó en la reunión de la mañana."),),
    ),
)


@dataclass(frozen=True, slots=True)
class SmsPlan:
    """`contact`: which of the demonstration's contacts. Each message: minutes ago, who wrote it (an endpoint, the
    contact: "", or an answer by itself: "*"), the text, and how it ended when that was not well."""

    center: str
    contact: int
    messages: tuple[tuple[int, str, str], ...]
    unread: int = 0
    ended: tuple[Sms, FailureReason, str] | None = None  # of the last outgoing one
    receipts: bool = True  # else the carrier only took them


THREADS: Final = (
    SmsPlan(
        SUPPORT,
        8,
        (
            (1480, LUCIA, "Hola, doña Inés. Le escribe Lucía, de Soporte Técnico Teslín: su caso quedó registrado."),
            (1475, "", "Gracias Lucía. ¿Cuándo viene el técnico?"),
            (1472, LUCIA, "Mañana entre las 8 y las 10. Él la llama antes de llegar."),
            (1469, "", "Perfecto"),
            (35, "", "Buenas, ya vino el técnico y quedó muy bien 😊"),
            (34, "", "¿La factura llega al correo de siempre?"),
        ),
        unread=2,
    ),
    SmsPlan(
        SALES,
        2,
        (
            (300, "", "Buenas, ¿todavía tienen tueste oscuro en grano?"),
            (296, MARIA, "¡Hola! Sí: bolsas de 340 g a ₡3 400. ¿Cuántas le apartamos?"),
            (292, "", "6 por favor. Las recojo hoy"),
            (290, MARIA, "Listo, quedan a su nombre. Estamos hasta las 18:00."),
            (110, "", "Voy saliendo para allá"),
        ),
        unread=1,
    ),
    SmsPlan(
        CLINIC,
        3,
        (
            (
                2900,
                SOFIA,
                "Clínica Dental Sonrisa: le recordamos su cita mañana a las 10:30. Responda SI para confirmar.",
            ),
            (2861, "", "SI"),
            (1500, SOFIA, "Gracias por venir. Su próximo control es en seis meses."),
        ),
    ),
    SmsPlan(
        SUPPORT,
        16,
        (
            (4400, LUCIA, "Buenas, don Raúl. Su equipo nuevo está listo; puede recogerlo con su cédula."),
            (4310, "", "Gracias, paso el viernes"),
        ),
        receipts=False,
    ),
    SmsPlan(
        SALES,
        6,
        (
            (
                7300,
                IVAN,
                "Café del Monte: esta semana 15 % de descuento en tueste claro. Responda BAJA para no recibir más.",
            ),
            (7255, "", "BAJA"),
            (7255, "*", ""),
        ),
    ),
    SmsPlan(
        CLINIC,
        15,
        (
            (8700, "", "Hola, ¿atienden los sábados?"),
            (8690, SOFIA, "¡Hola! Sí, de 9:00 a 13:00. ¿Le agendamos?"),
            (8688, "", "Sí, para el próximo. A nombre de Paola Sánchez"),
            (8680, SOFIA, "Listo, Paola: sábado a las 9:30. Si no puede venir, avísenos por este medio."),
        ),
    ),
    SmsPlan(
        SUPPORT,
        22,
        ((200, JOSE, "Buenas, le llamamos por la visita de mañana y no contestó. ¿A qué hora le queda bien?"),),
        ended=(Sms.FAILED, FailureReason.UNDELIVERED, "absent subscriber"),
    ),
)

TEMPLATES: Final = (
    ("Saludo", "Hola, {contact}. Le escribe {agent}, de {call_center}. ¿En qué le ayudamos?"),
    ("Le devolvemos la llamada", "Recibimos su llamada a {call_center}. Le llamaremos hoy desde el {number}."),
    ("Confirmar cita", "{call_center}: le recordamos su cita. Responda SI para confirmar o NO para cambiarla."),
    ("Técnico en camino", "Su técnico va en camino y le llamará antes de llegar. Si no estará, responda este mensaje."),
    ("Pedido listo", "Su pedido está listo para recoger. {account}"),
)
OLD_TEMPLATE: Final = ("Promoción 2019", "Este mes, dos bolsas al precio de una.")

# Minutes after the call, whom it is promised by, for whom (an endpoint or a group), when: hours from now, the note.
PROMISES: Final = (
    (LUCIA, LUCIA, -1.5, "Confirmar si el equipo quedó estable."),
    (LUCIA, LUCIA, 2, "Prefiere después de las 15:00."),
    (LUCIA, LUCIA, 25, "Preguntar si escogió el día de la cita."),
    (MARIA, "Ventas", 4, "Quiere cerrar el pedido de la cafetería."),
    (JOSE, JOSE, 22, "Pedirle la foto del medidor."),
)
KEPT_PROMISE: Final = (LUCIA, LUCIA, -50, "Avisar que llegó el repuesto.")

BLOCKED: Final = (
    ("4001 0020", "Encuestas automáticas", 14),
    ("900*", "Números de cobro", 3),
)

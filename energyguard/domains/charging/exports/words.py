"""By which words columns of sessions are known, in thirteen languages.

Each role has tiers: of two columns with one role that of the earlier tier is meant, of one tier the
first. Words are those of a header in small letters, without its unit and what is in brackets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from energyguard.files.values.words import without_marks

_TIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "session": (
        "charging event|transactionid|transaction id|session id|plug in event id|id",
        "charge id|charge session id|charging session id|cdr id|transaction|transaction number"
        "|transaction pk|session|session number|session identifier|charging session"
        "|transaktion|transaktions id|ladevorgang|ladevorgangs id|ladevorgang id|sitzung"
        "|sitzungs id|id session|id de session|identifiant de session|sessie|sessie id"
        "|laadsessie|laadsessie id|transactie id|id sessione|sessione|id sesji|sesja|nr sesji"
        "|id transakcji"
        "|id de sesión|id sesión|sesión|id da sessão|sessão|laddsession|ladeøkt|ladesession"
        "|latausistunto",
    ),
    "charger": (
        "cp id|chargepoint|charge point|charger id|charge point id|chargepoint id|station id"
        "|evse id",
        "cdr location evse id|location evse id|charge point evse id|evse|evseid"
        "|charge box id|chargebox id|chargebox|charging station id"
        "|charging point id|wallbox id|device id|ladestations id|ladestation id|ladepunkt id"
        "|evse nr|laadpaal id|laadpunt id|id borne|identifiant du point de charge|id colonnina"
        "|id stacji|id cargador|id punto de recarga|id posto",
        "charger|charger name|charge point name|chargepoint name|charging station"
        "|charging station name|charge station|charging point|charging point name|loadpoint"
        "|device|device name|station|serial number|charger serial number|serial|wallbox"
        "|wallbox name|ladestation|ladesäule|ladepunkt|ladepunktname|lader|ladegerät"
        "|ladeeinrichtung|ladestationsname|borne|borne de recharge|point de charge"
        "|station de recharge|laadpaal|laadpunt|laadstation|colonnina|stazione"
        "|stazione di ricarica|punto di ricarica|stacja|stacja ładowania|ładowarka"
        "|punkt ładowania"
        "|punto de carga|punto de recarga|cargador|estación|estación de carga|estación de recarga"
        "|posto|posto de carregamento|ponto de carregamento|carregador|laddstation|laddpunkt"
        "|laddbox"
        "|laddare|ladestander|ladeboks|ladestasjon|latausasema|latauspiste|laturi|nabíječka"
        "|nabíjecí stanice|dobíjecí stanice",
        "evse uid|cdr location evse uid|location evse uid|modul|module",
    ),
    "connector": (
        "connector|connector id|port number",
        "connectorid|connector number|cdr location connector id|plug|outlet|port|socket|stecker"
        "|steckdose|anschluss|anschluss nr|connecteur|prise|id connecteur|connettore|presa"
        "|stekker|aansluiting|złącze|gniazdo|wtyczka|conector|toma|tomada|uttag|uttak|udtag|stik"
        "|pistoke|liitin|konektor|zásuvka",
    ),
    "date": (
        "date|datum|day|tag|jour|data|dag|giorno|dzień|charging date|session date|ladedatum|fecha"
        "|dia|día|dato"
        "|päivä|päivämäärä",
    ),
    "start_date": (
        "start date",
        "startdatum|datum start|beginndatum|date de début|date début|data inizio|begindatum"
        "|data rozpoczęcia|fecha inicio|fecha de inicio|data início|data de início|startdato"
        "|aloituspäivä|datum zahájení",
    ),
    "start_time": (
        "start time",
        "startzeit|start uhrzeit|uhrzeit start|beginnzeit|heure de début|heure début|ora inizio"
        "|begintijd|starttijd|godzina rozpoczęcia|hora inicio|hora de inicio|hora início"
        "|hora de início|starttid|aloitusaika",
        "time|uhrzeit|heure|tijd|ora|godzina|hora|tid|aika",
    ),
    "start": (
        "started|started at|start datetime|start date time|start|utctransaction start"
        "|utctransactionstart",
        "start timestamp|timestamp start|time start|start date and time|begin|beginn|begin time"
        "|session start|session started|session start time|started on|charging start"
        "|charging started|charging start time|charge start|charge start date time|charge started"
        "|plug in|plugged in|plug in time|plugin|start plugin|plugin start|connected at"
        "|connection time start|created|startzeitpunkt"
        "|ladebeginn|ladestart|start ladevorgang|beginn ladevorgang|von|ab|from|début|debut"
        "|début de session|début de charge|date et heure de début|date heure de début|gestart"
        "|starttijdstip|begintijdstip|start sessie|sessie start|van|inizio|inizio ricarica"
        "|inizio sessione|data e ora inizio|data ora inizio|dalle|początek|start ładowania"
        "|początek ładowania|rozpoczęcie|data i godzina rozpoczęcia|od|inicio"
        "|inicio de carga|inicio de recarga|inicio de sesión|fecha y hora de inicio"
        "|fecha hora inicio"
        "|início|início da sessão|início do carregamento|data e hora de início|data hora início"
        "|laddstart|starttidspunkt|från|fra|alkuaika|alku|aloitus|začátek|začátek nabíjení",
    ),
    "end_date": (
        "end date",
        "stop date|enddatum|datum ende|datum stop|date de fin|date fin|data fine|einddatum"
        "|data zakończenia|fecha fin|fecha de fin|data fim|data de fim|slutdatum|slutdato|sluttdato"
        "|päättymispäivä|datum ukončení",
    ),
    "end_time": (
        "end time",
        "stop time|endzeit|end uhrzeit|uhrzeit ende|heure de fin|heure fin|ora fine|eindtijd"
        "|stoptijd|godzina zakończenia|hora fin|hora de fin|hora fim|hora de fim|sluttid|stopptid"
        "|lopetusaika",
    ),
    "end": (
        "ended|ended at|end datetime|end date time|end|stop|utctransaction stop|utctransactionstop",
        "end timestamp|timestamp end|stop timestamp|timestamp stop|time end|end date and time"
        "|stopped|stopped at|finished|finished at|finish|session end|session ended|session stop"
        "|session end time|ended on|charging end|charging ended|charging stop|charging end time"
        "|charge end|charge stop date time|charge ended|plug out|plugged out|plug out time"
        "|plugout|end plugout|plugout end|disconnect time|disconnected|disconnected at"
        "|stop datetime|stop date time|ende|beendet|endzeitpunkt|ladeende"
        "|ende ladevorgang|bis|to|until|fin|fin de session|fin de charge|date et heure de fin"
        "|date heure de fin|beëindigd|gestopt|eindtijdstip|stoptijdstip|einde|einde sessie"
        "|sessie einde|tot|fine|fine ricarica|fine sessione|data e ora fine|data ora fine|alle"
        "|koniec|koniec ładowania|zakończenie|data i godzina zakończenia|do|fin de carga"
        "|fin de recarga|fin de sesión|fecha y hora de fin|fecha hora fin|fim|fim da sessão"
        "|fim do carregamento|data e hora de fim|data hora fim|laddslut|sluttidspunkt|slut|slutt"
        "|stopp"
        "|till|til|loppuaika|loppu|lopetus|konec|konec nabíjení",
    ),
    "zone": (
        "time zone|timezone|start time zone|zeitzone|fuseau horaire|tijdzone|fuso orario"
        "|strefa czasowa|zona horaria|fuso horário|tidszon|aikavyöhyke",
    ),
    "end_zone": ("end time zone",),
    "energy": (
        "total|energy|total energy|consumption|",
        "energy delivered|delivered energy|energy dispensed|dispensed energy"
        "|energy used|energy consumed|consumed energy|consumed"
        "|charged energy|chargedenergy|charged|energy charged|session energy|energy transferred"
        "|transferred energy|volume|amount of energy|energy amount|usage|used energy|delivered"
        "|energie|energiemenge|verbrauch|geladene energie|geladen|lademenge"
        "|geladene energiemenge|strommenge|abgegebene energie|bezogene energie|energieverbrauch"
        "|menge|gesamtenergie|énergie|énergie consommée|énergie délivrée|énergie chargée"
        "|énergie totale|consommation|quantité|verbruik|geladen energie|geleverde energie"
        "|energieverbruik|energia|energia erogata|energia consumata|energia caricata"
        "|energia totale|consumo|zużycie|pobrana energia|energia pobrana|zużyta energia"
        "|zużycie energii|dostarczona energia|ilość energii|energía"
        "|energía consumida|energía suministrada|energía entregada|energía cargada"
        "|energia consumida"
        "|energia fornecida|energia entregue|energia carregada|energi|laddad energi|förbrukning"
        "|energiforbrug|forbrug|forbruk|energiforbruk|ladet energi|ladattu energia|kulutus|spotřeba"
        "|odebraná energie|dodaná energie",
    ),
    "meter_start": (
        "meter start|meterstart|start meter|meter start value|meter value start"
        "|start meter value|start meter reading|meter reading start|meter reading at start"
        "|meter reading at the start|initial meter reading|start register|start value|start reading"
        "|eto start|zählerstand start|zählerstand beginn|zählerstand anfang|zählerstand bei start"
        "|zählerstand zu beginn|anfangszählerstand|startzählerstand|start zählerstand|zähler start"
        "|zählerstand vorher|index début|index de début|index initial|relevé début"
        "|compteur début|meterstand begin|meterstand start|beginstand|startstand"
        "|tellerstand begin|contatore inizio|lettura iniziale|lettura inizio|stan początkowy"
        "|stan licznika początek|licznik start",
    ),
    "meter_stop": (
        "meter stop|meterstop|stop meter|meter end|end meter|meter stop value|meter value stop"
        "|meter value end|meter end value|stop meter value|end meter value|end meter reading"
        "|meter reading end|meter reading stop|meter reading at end|meter reading at the end"
        "|final meter reading|end register|stop value|end value|end reading|stop reading|eto end"
        "|zählerstand ende|zählerstand stop|zählerstand bei ende|zählerstand am ende"
        "|endzählerstand|ende zählerstand|zähler ende|zählerstand nachher|index fin"
        "|index de fin|index final|relevé fin|compteur fin|meterstand eind|meterstand einde"
        "|meterstand stop|eindstand|tellerstand einde|contatore fine|lettura finale"
        "|lettura fine|stan końcowy|stan licznika koniec|licznik stop|licznik koniec",
    ),
    "connected": (
        "connectedtime|connected time|total duration",
        "duration|session duration|connection time|connection duration|plugged in time"
        "|parking duration|total time|time connected|session time|actual duration"
        "|seconds total|dauer|gesamtdauer|standzeit|standdauer|verbindungsdauer|sitzungsdauer"
        "|durée|durée totale|durée de session|durée de connexion|duur|totale duur|sessieduur"
        "|verbindingsduur|durata|durata totale|durata sessione|czas trwania|czas sesji|duración"
        "|duración total|duração|duração total|varaktighet|varighed|varighet|kesto|doba trvání",
    ),
    "charging": (
        "chargetime|charge time|charging time",
        "charging duration|charge duration|time charging|active charging time|seconds charged"
        "|ladedauer|ladezeit|aktive ladezeit|temps de charge|durée de charge"
        "|durée de recharge|laadtijd|laadduur|tempo di ricarica|durata ricarica"
        "|czas ładowania|tiempo de carga|tiempo de recarga|tempo de carregamento|laddtid|ladetid"
        "|latausaika|doba nabíjení",
    ),
    "power": (
        "maxpower|max power",
        "maximum power|peak power|max charging power|maximale leistung|max leistung"
        "|puissance max|puissance maximale|max vermogen|potenza max|potenza massima"
        "|moc maksymalna",
    ),
    "cost": (
        "cost|amount|fee",
        "total cost incl vat|total costs incl vat|total incl vat|cost incl vat|amount incl vat"
        "|cost including vat|price incl vat|total price incl vat|bruttobetrag|betrag brutto"
        "|montant ttc|prix ttc|coût ttc|kosten incl btw|totaal incl btw"
        "|kwota brutto|wartość brutto"
        "|total cost inc vat|total costs inc vat|cost inc vat|total inc vat|importe con iva"
        "|total con iva"
        "|custo com iva",
        "total cost|total costs|costs|net cost|cost amount|total cost amount|price amount"
        "|session cost|charging cost|charging costs|energy cost"
        "|total price|total amount|gross amount|invoice amount|revenue|total fee|session fee"
        "|session price|kosten|gesamtkosten|betrag|gesamtbetrag|ladekosten|gesamtpreis"
        "|rechnungsbetrag|entgelt|coût|coût total|montant|montant total|prix total"
        "|totale kosten|bedrag|totaalbedrag|totaalprijs|costo|costo totale|importo"
        "|importo totale|prezzo totale|koszt|koszt całkowity|kwota|importe|importe total|coste"
        "|coste total"
        "|precio total|custo|custo total|valor total|montante|kostnad|total kostnad|belopp|beløb"
        "|beløp|totalpris|kustannus|kokonaishinta|částka|celková cena",
        "total cost excl vat|total costs excl vat|total excl vat|cost excl vat|total cost ex vat"
        "|cost ex vat",
    ),
    "price": ("price|preis|prix|prijs|prezzo|cena|precio|preço|pris|hinta",),
    "price_kwh": (
        "price per kwh|price per|price pr kwh including vat|price kwh|kwh price|unit price"
        "|cost per kwh|cost per|rate per kwh|energy price"
        "|preis pro kwh|preis je kwh|preis kwh|arbeitspreis|prix par kwh|prix du kwh|prix kwh"
        "|prijs per kwh|prezzo al kwh|prezzo per kwh|cena za kwh|precio por kwh|precio kwh"
        "|preço por kwh"
        "|pris per kwh|pris pr kwh",
    ),
    "currency": (
        "currency|currency id|currency code|cost currency"
        "|currency identifier|währung|devise|monnaie|valuta"
        "|munt|waluta|moneda|moeda|valuutta|měna",
    ),
    "site": (
        "site|location|address|station name",
        "site name|location name|cdr location name|charging location|location address"
        "|cdr location address|charge point location|parking lot|car park|standort"
        "|standortname|ladeort|ort|adresse|lieu|emplacement|site de recharge|locatie"
        "|locatie naam|plaats|adres|sede|luogo|indirizzo|ubicazione|lokalizacja|miejsce|ubicación"
        "|dirección|localização|morada|plats|adress|sted|sijainti|osoite|místo|adresa",
    ),
    "model": ("model",),
    "user": (
        "user id|driver id|rfid|rfid tag|rfid uid|rfid id|rfid card|rfid number|id tag|idtag"
        "|ocpp tag|ocpp id tag|card id|card number|charge card|charge card id|token|token id"
        "|token uid|cdr token uid|cdr token contract id|auth id|authorization id"
        "|authentication id|authentication|id chip uid|contract id|badge|badge rfid"
        "|nutzer id|benutzer id|rfid karte|rfid nummer|kartennummer|ladekarte|numéro de carte"
        "|pasnummer|kaartnummer|laadpas|carta rfid|karta rfid|numer karty",
        "id chip|user|user name|username|user full name|driver|driver name|customer|customer id"
        "|employee|identifier|card|card name|email|user email|nutzer|nutzername|benutzer"
        "|benutzername|fahrer|karte|chip|identifikation|kunde|utilisateur|conducteur|carte"
        "|gebruiker|pas|bestuurder|utente|tessera|użytkownik|karta|kierowca|usuario"
        "|tarjeta|conductor|utilizador|cartão|användare|kort|bruger|bruker|käyttäjä|kortti"
        "|uživatel",
    ),
}
WORDS: Final[Mapping[str, tuple[str, int]]] = {
    spelled: (role, tier)
    for role, tiers in _TIERS.items()
    for tier, text in enumerate(tiers)
    for words in text.split("|")
    for spelled in (without_marks(words), words)
}
"""By the words of a header: its role, and how surely it is meant."""

_TOTALS: Final = (
    "total|totals|sum|subtotal|grand total|summe|gesamt|gesamtsumme|zwischensumme|total général"
    "|somme|totaal|totale|somma|suma|razem|łącznie|ogółem"
)
TOTALS: Final = frozenset(_TOTALS.split("|"))
"""What stands in a line that sums up those above it."""
_SIGNS: Final = (
    "charging event|cp id|chargepoint|charge point|charge point id|chargepoint id|evse id|evse"
    "|charger id|charger|charger name|charge box id|chargebox id|charging station"
    "|charging station id|charge id|charge session id|charging session id|loadpoint"
    "|charging point|wallbox"
    "|cdr location evse id|ladevorgang|ladestation|ladesäule|ladepunkt|lader|ladedauer|ladezeit"
    "|borne|borne de recharge|point de charge|laadpaal|laadpunt|laadstation|colonnina"
    "|stazione di ricarica|punto di ricarica|stacja ładowania|ładowarka|punkt ładowania"
    "|punto de carga"
    "|punto de recarga|cargador|posto de carregamento|carregador|laddstation|laddpunkt|laddbox"
    "|ladestander|ladestasjon|latausasema|latauspiste|nabíječka"
    "|id tag|idtag|rfid|rfid tag|rfid uid|connector id|connectorid|connector|charge time|chargetime"
    "|charging time|charging duration|connectedtime|connected time"
)
SIGNS: Final = frozenset(_SIGNS.split("|"))
"""Headers that only sessions of charging have."""

STATIONS: Final = frozenset({"station", "charging station", "ladestation", "laadstation"})
"""What is a charger where no other column is one."""
_LENGTH_WORDS: Final = {
    "h": "h hr hrs hour hours std stunden heures uur uren ore godziny",
    "min": "min mins minutes minuten minuti minut minuty",
    "s": "s sec seconds sek sekunden secondes seconden secondi sekundy",
}
LENGTHS: Final = {word: unit for unit, text in _LENGTH_WORDS.items() for word in text.split()}
"""What a unit of time is called: h, min or s."""
